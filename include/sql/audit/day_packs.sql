-- The newest revision of each period of a label, and how new what it holds is. One row per period.
-- Parameters: @label STRING.
SELECT
  period,
  revision,
  inputs_as_of
FROM `{{ dataset }}.audit_reports`
WHERE label = @label
QUALIFY ROW_NUMBER() OVER (PARTITION BY period ORDER BY revision DESC) = 1
ORDER BY period
