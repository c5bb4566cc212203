"""What a customer gets on paper, or instead of it: slips as text, as a picture, and by receipt printers."""
