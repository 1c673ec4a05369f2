import threading

from tuiview.session.background import Background


def test_urgent_jobs_run_before_others():
    gate, done, order = threading.Event(), threading.Event(), []
    background = Background(order.append)
    background.run(gate.wait)
    background.run(lambda: order.append("late"), urgency=2)
    background.run(lambda: order.append("soon"), urgency=0)
    background.run(done.set, urgency=3)
    gate.set()
    assert done.wait(5)
    assert order == ["soon", "late"]


def test_a_newer_job_takes_the_place_of_one_of_its_name():
    gate, done, order = threading.Event(), threading.Event(), []
    background = Background(order.append)
    background.run(gate.wait)
    for n in range(5):
        background.run(lambda n=n: order.append(n), name="sight")
    background.run(done.set, urgency=3)
    gate.set()
    assert done.wait(5)
    assert order == [4]


def test_a_running_job_learns_that_it_is_superseded():
    started, gate, done, seen = threading.Event(), threading.Event(), threading.Event(), []
    background = Background(seen.append)

    def job():
        superseded = background.superseded("seek")
        seen.append(superseded())
        started.set()
        gate.wait(5)
        seen.append(superseded())

    background.run(job, name="seek")
    assert started.wait(5)
    background.run(done.set, name="seek")
    gate.set()
    assert done.wait(5)
    assert seen == [False, True]


def test_a_failing_job_is_told_and_the_next_one_runs():
    failed, done = [], threading.Event()
    background = Background(failed.append)
    background.run(lambda: 1 / 0)
    background.run(done.set)
    assert done.wait(5)
    assert isinstance(failed[0], ZeroDivisionError)


def test_it_tells_whether_a_job_hangs():
    gate = threading.Event()
    background = Background(lambda error: None)
    assert background.settled(0)
    background.run(gate.wait)
    assert not background.settled(0.01)
    gate.set()
    assert background.settled(5)
