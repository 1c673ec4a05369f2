"""What was decided: model, SQLite store, migrations, history."""
