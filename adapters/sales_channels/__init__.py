"""The ways by which sales hears of a task where it works; each of them is one module behind port.py."""
