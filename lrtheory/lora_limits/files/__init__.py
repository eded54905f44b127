"""Weights of heads in safetensors files, and the text that real heads look at."""
