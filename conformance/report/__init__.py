"""What is drawn from the results of a run."""
