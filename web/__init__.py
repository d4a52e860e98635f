"""HTTP: event intake, webhooks, unsubscribing and the API. Decides who may ask what, never a lead's path."""
