"""From records and what is known about them to results and money: pure, without a database or a clock."""
