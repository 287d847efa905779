"""Scripts that show what a run found, with the framework and NumPy alone. Text of results is read, never executed."""
