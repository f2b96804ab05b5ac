{#- Part of statements: the Slack channels in which something was told, or is to be; a new one is welcomed first.
    One row per channel. -#}
SELECT DISTINCT c.channel
FROM `{{ dataset }}.notifications` AS c
WHERE c.destination != 'suppressed' AND c.channel NOT LIKE '%:%' AND c.reason != 'run_failed'
ORDER BY c.channel
