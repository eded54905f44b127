"""Adapters: their factors replaced by better ones of lower rank, singly, all under one budget, or merged."""
