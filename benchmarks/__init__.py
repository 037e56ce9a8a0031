"""Scripts that compare side by side and write a table to results/."""
