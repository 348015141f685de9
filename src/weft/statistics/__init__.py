"""How sure a figure is: intervals, resampling, paired tests, many tests at once, and agreement with people."""
