"""What must return no rows, after every test and every night."""
