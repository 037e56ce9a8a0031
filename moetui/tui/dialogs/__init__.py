"""What is asked or shown over a screen: a line, a question, a choice, help, the tour."""
