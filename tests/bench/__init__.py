"""What is fast and what is not: ``make bench``. Figures, never assertions."""
