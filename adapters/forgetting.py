"""Deletes workflows with their histories from Temporal; refuses to know what they were about."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode


async def delete_histories(client: Client, workflows: Sequence[str]) -> int:
    """Ask for the deletion of every run of these workflows; how many the server still lists. One that runs ends by it.

    Raises RPCError where Temporal does not answer, or does not let this client delete.
    """
    left = 0
    for workflow in workflows:
        quoted = workflow.replace("\\", "\\\\").replace("'", "\\'")
        async for run in client.list_workflows(f"WorkflowId = '{quoted}'"):
            left += 1
            execution = WorkflowExecution(workflow_id=run.id, run_id=run.run_id)
            request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
            try:
                await client.workflow_service.delete_workflow_execution(request)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
    return left
