"""From the runs of a solver to a verdict: filters, exact decisions, searches, stopping rules, and the evidence."""
