"""Floor 0: the words every other floor uses; nothing here knows Airbase or Epicor."""
