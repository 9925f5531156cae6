"""Kernels for the CPU (numba)."""
