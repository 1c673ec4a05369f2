import pytest

from tuiview.ui.actions import ACTIONS, bindings, effective_keys, key_names
from tuiview.ui.commands import COMMANDS, completions, jump
from tuiview.ui.widgets.mark_table import MarkTable


@pytest.mark.parametrize(
    ("line", "position"),
    [("1", 0), ("12", 11), ("+50", 60), ("-3", 7), ("$", 99), ("50%", 50), ("100%", 99),
     ("0.5%", 0), ("limits 1 2", None), ("1.5", None), ("", None)],
)  # fmt: skip
def test_jumps(line, position):
    assert jump(line, 10, 100) == position


def test_ids_and_command_names_are_unique():
    ids = [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))


def test_no_key_has_two_actions_in_one_mode():
    for mode in {action.mode for action in ACTIONS}:
        keys = [key for b in bindings(mode) for key in b.key.split(",")]
        assert len(keys) == len(set(keys)), mode


def test_a_key_has_one_meaning_in_the_list_of_marks():
    keys = [key for b in MarkTable.BINDINGS for key in b.key.split(",")]
    assert len(keys) == len(set(keys))


def test_a_keymap_goes_over_the_builtin_keys():
    keys = effective_keys({"quit": "Q"})
    assert keys["quit"] == "Q"
    assert keys["next-item"] == "j,down,space"


def test_key_names_read_as_typed():
    assert key_names("question_mark,f1") == "? f1"


@pytest.mark.asyncio
async def test_a_line_is_completed_with_the_words_that_there_are(open_review, folder):
    async with open_review(folder) as review:
        await review.press("F")
        await review.type("me")
        await review.press("tab", "enter")
        assert "no item is merger" in review.notices()
        assert "filter unreviewed" in completions(review.session.settings)
