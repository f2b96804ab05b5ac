"""Benchmarks: what a goal is held against. ``python -m bench`` runs all of them; results go to build/bench/."""
