"""Where messages go: Slack, mail, webhooks. What each answers, and what it means."""
