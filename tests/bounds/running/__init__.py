"""The exchange with a solver: functions and kernels that are changed while it runs."""
