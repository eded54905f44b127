"""What an outsider could get wrong verdicts, or no sentence, from."""
