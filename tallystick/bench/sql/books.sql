-- What a bench needs so that terminals can pull the customers that were put in at once.

-- note_new_series: every series that was never numbered has changed, as issuing it would have noted
INSERT INTO series_change (wallet, series) SELECT wallet, series FROM series WHERE version = 1;
