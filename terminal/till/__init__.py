"""What a cashier can do: sell, void, open and close a shift, and see how things stand."""
