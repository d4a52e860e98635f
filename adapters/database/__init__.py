"""The database: what is kept of leads, their events and everything decided about them."""
