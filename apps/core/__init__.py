"""What every app stands on: no rows, and it imports no app."""
