"""### Publish PED limits: YAML files → Firestore

**What can go wrong, and the safer path**

- *Start with a dry run* (the default; the first line of its log says so): it shows what would be added, changed field
  by field, or withdrawn. Then run it again with **Apply**. Where there is history, it also says how often the new
  limits would have fired in the last fourteen days.
- *One wrong document stops all of them*: the log names file, line, field and fix. Nothing was written.
- *"written by somebody else"*: two publishers met. Look at the difference again before you publish.
- *Withdraw missing* ends limits that no file holds any more, within the environments and teams of the files only.

```
PED files ─▶ validated ─▶ difference shown ─▶ with Apply: Firestore ─▶ ped_limits_sync ─▶ limit_history
```

The log also prints the command that does the same at a shell.
"""

import datetime as dt

from airflow.sdk import DAG, Param, get_current_context, task

from pedwatch import build, settings
from pedwatch.config.needs import FIRESTORE, GOOGLE
from pedwatch.tasks import failure_callback, run_start, whole_build


def publish_limits() -> None:
    """Do what the form asks for; the report is the log."""
    context = get_current_context()
    config = run_start.begin(context["dag_run"], context["dag"], GOOGLE, FIRESTORE)
    from pedwatch.tasks.limits_publish import Request, publish

    params = context["params"]
    request = Request(**{name: params[name] for name in Request.__dataclass_fields__})
    print(publish(config, request))
    print(f"\nThe same at a shell: {request.command}")


WIRING = settings.wiring()
BUILD = "source"  # the bundle writes its id here

with DAG(
    dag_id="ped_limits_publish",
    description="Validate PED files, compare them with Firestore, publish what changed",
    doc_md=__doc__,
    schedule=None,
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=dt.timedelta(minutes=30),
    tags=["pedwatch", "limits", *build.tags(BUILD), *WIRING.tags],
    # A document that is wrong stays wrong, and a conflict needs a look: nothing here is worth an unseen retry.
    default_args={"owner": "platform", **whole_build.of(BUILD), **whole_build.ONLY_UNTIL_WHOLE},
    params={
        "path": Param(type="string", minLength=1, title="Folder", description="A folder, or gs://bucket/folder"),
        "apply": Param(False, type="boolean", title="Apply", description="Write; otherwise a dry run"),
        "skip_invalid": Param(False, type="boolean", title="Skip invalid", description="Publish the valid rest"),
        "withdraw_missing": Param(
            False, type="boolean", title="Withdraw missing", description="End limits without a file"
        ),
        "source_repo": Param(None, type=["null", "string"], title="Repository", description="Recorded as evidence"),
        "source_commit": Param(None, type=["null", "string"], title="Commit", description="Recorded as evidence"),
    },
    **failure_callback.CALLBACKS,
) as dag:
    task(publish_limits)()
