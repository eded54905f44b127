"""Lists that are fused into one."""
