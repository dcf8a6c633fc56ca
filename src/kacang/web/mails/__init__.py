"""What mails and notices say, put together from the rooms, and where their links lead."""
