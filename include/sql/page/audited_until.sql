-- Until when days are audited: charts read `subject_days` up to there, and the ledger behind it. One row.
-- Parameters: @newest_from DATE: days before it are not looked at.
SELECT MAX(d.to_cycle) AS cycle
FROM `{{ dataset }}.subject_days` AS d
WHERE d.day >= @newest_from
