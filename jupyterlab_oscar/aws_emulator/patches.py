"""Where the emulator takes the place of parts of moto. All that depends on moto's inside is here and in ``batch``."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from .batch import Jobs
from .functions import Functions, encoded_log
from .gate import REQUEST_HEADER
from .http_calls import function_url


def install(functions: Functions, jobs: Jobs, endpoint: str, login: tuple[str, str]) -> None:
    """Let moto's functions, jobs and addresses be ours, for this process.

    Parameters
    ----------
    functions, jobs
        What runs them.
    endpoint
        Of the emulator.
    login
        User and password of the registry.
    """
    import moto.apigateway.responses as gateway
    import moto.awslambda.models as lambdas
    import moto.batch.models as batch
    import moto.batch.responses as batch_responses
    import moto.ecr.models as ecr_models
    import moto.ecr.responses as ecr
    import moto.s3.notifications as notifications
    from moto.core.responses import ActionResult
    from moto.moto_api import state_manager

    def invoke(function: Any, body: Any, request_headers: Any, response_headers: Any) -> str | bytes:
        event = json.loads(body) if body else {}
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return ""
        if kind == "Event":
            response_headers[REQUEST_HEADER] = functions.call_later(function, event)
            return ""
        done = functions.call(function, event)
        response_headers[REQUEST_HEADER] = done.request
        response_headers["x-amz-executed-version"] = str(function.version)
        response_headers["x-amz-log-result"] = encoded_log(done.log)
        if done.error is not None:
            response_headers["x-amz-function-error"] = done.error
        return done.payload.encode()

    def invoke_lambda(function: Any, event: Any = None) -> tuple[str, bool, str]:
        # Event sources of moto (SQS, Kinesis, SNS, …) come this way.
        done = functions.call(function, json.loads(event) if isinstance(event, str) else event or {})
        return done.payload, done.error is not None, done.log

    def deliver(account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:
        try:
            function = lambdas.lambda_backends[account_id][region_name].get_function(fn_arn)
        except lambdas.UnknownFunctionException:
            return  # it was deleted: S3 does not mind either
        functions.call_later(function, json.loads(json.dumps(event_body)))

    def url_config(made: Any, function: Any, config: Any) -> None:
        original_url_config(made, function, config)
        made.url = function_url(endpoint, made.url.removeprefix("https://").partition(".")[0])

    def submit_job(response: Any) -> Any:
        # moto knows no overrides of nodes: those of the first range stand for all.
        overrides = response._get_param("nodeOverrides")
        if overrides and not response._get_param("containerOverrides"):
            first = (overrides.get("nodePropertyOverrides") or [{}])[0]
            response._get_param = _with(response._get_param, "containerOverrides", first.get("containerOverrides"))
        return original_submit_job(response)

    def create_rest_api(response: Any) -> Any:
        answer = original_create_rest_api(response)
        types = response._get_param("binaryMediaTypes")  # which moto does not keep
        made = json.loads(answer[2])
        if types and made.get("id") in response.backend.apis:
            api = response.backend.apis[made["id"]]
            api.binaryMediaTypes = list(types)
            return answer[0], answer[1], json.dumps(api.to_dict())
        return answer

    def authorization_token(response: Any) -> Any:
        token = base64.b64encode(":".join(login).encode()).decode()
        expires = datetime.now(timezone.utc) + timedelta(hours=12)
        data = {"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": endpoint}
        return ActionResult({"authorizationData": [data]})

    def repository(made: Any, *given: Any, **named: Any) -> None:
        original_repository(made, *given, **named)
        made.uri = f"{endpoint.partition('://')[2]}/{made.name}"

    original_repository = ecr_models.Repository.__init__
    original_create_rest_api = gateway.APIGatewayResponse.create_rest_api
    original_url_config = lambdas.FunctionUrlConfig.__init__
    original_submit_job = batch_responses.BatchResponse.submitjob
    gateway.APIGatewayResponse.create_rest_api = create_rest_api  # type: ignore[method-assign]
    lambdas.LambdaFunction.invoke = invoke  # type: ignore[method-assign]
    lambdas.LambdaFunction._invoke_lambda = invoke_lambda  # type: ignore[method-assign]
    lambdas.FunctionUrlConfig.__init__ = url_config  # type: ignore[method-assign]
    notifications._invoke_awslambda = deliver
    batch.Job.run = lambda job: jobs.run(job)  # type: ignore[method-assign]
    batch_responses.BatchResponse.submitjob = submit_job  # type: ignore[method-assign]
    ecr_models.Repository.__init__ = repository  # type: ignore[method-assign]
    ecr.ECRResponse.get_authorization_token = authorization_token  # type: ignore[method-assign]
    # The state of a job is what it is, not how often it was asked for.
    state_manager.set_transition("batch::job", {"progression": "manual", "times": 1 << 60})


def _with(get: Callable[..., Any], name: str, value: Any) -> Callable[..., Any]:
    return lambda wanted, *rest, **named: value if wanted == name else get(wanted, *rest, **named)
