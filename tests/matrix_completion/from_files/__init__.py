"""From files and frames to answers: what is read, what is held out, what comes back with the ids that were given."""
