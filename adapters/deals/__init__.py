"""A company's own table of past deals: its rows, the meaning of its columns, and what its cells say."""
