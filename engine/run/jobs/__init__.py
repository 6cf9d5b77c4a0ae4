"""Jobs: what is to be done by itself, queued so that each is done once, by whichever worker is there."""
