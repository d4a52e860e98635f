"""The pages of people who log in: their frame, account, colleagues and doors; refuses to decide about leads."""
