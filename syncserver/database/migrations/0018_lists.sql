-- Nothing yet: indexes of long lists.
SELECT;
