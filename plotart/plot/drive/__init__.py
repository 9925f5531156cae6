"""Machines that move: boards on a serial line, the session that draws a plot with one, and what it leaves on disk."""
