-- This number is taken by what is developed beside this, and is replaced by it.
SELECT 1;
