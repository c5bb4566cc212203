"""The way to the database: where it is, its migrations, and the queries in `.sql` files."""
