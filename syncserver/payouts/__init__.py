"""How vendors are paid what they are owed: proposed, approved, sent, and matched with what the bank says."""
