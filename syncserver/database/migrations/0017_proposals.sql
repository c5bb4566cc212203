-- Nothing yet: policies that wait for a second person.
SELECT;
