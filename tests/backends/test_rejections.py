from __future__ import annotations

import json
from typing import Any

import pytest

from backends.rejections import parse_rejection

MODEL_ERROR = {
    "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
    "LogStreamArn": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/e",
    "Message": 'Received client error (422) from primary with message "{...}".',
    "OriginalMessage": '{"error":"too long","error_type":"validation"}',
    "OriginalStatusCode": 422,
}


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "message"),
    [
        (400, {"x-amzn-errortype": "ValidationError:http://x/"}, {"Message": "Endpoint e not found."}, "ValidationError", "Endpoint e not found."),
        (400, {}, {"__type": "com.amazonaws.sagemaker#ValidationError", "message": "no"}, "ValidationError", "no"),
        (400, {}, {"code": "ThrottlingException", "message": "Rate exceeded"}, "ThrottlingException", "Rate exceeded"),
        (403, {}, {"Code": "ExpiredTokenException", "Message": "expired"}, "ExpiredTokenException", "expired"),
        (424, {"x-amzn-errortype": "ModelError"}, MODEL_ERROR, "ModelError", MODEL_ERROR["Message"]),
        (422, {}, {"error": "Input validation error: `inputs` must be", "error_type": "validation"}, "validation", "Input validation error: `inputs` must be"),
        (424, {}, {"error": "Input parsing failed", "code": 424}, "424", "Input parsing failed"),
        (404, {}, {"code": 404, "type": "ModelNotFoundException", "message": "no model"}, "404", "no model"),
        (400, {}, {"error": {"message": "bad role", "type": "BadRequestError", "param": None, "code": 400}}, "400", "bad role"),
        (422, {}, {"error": {"message": "bad role", "type": "invalid", "code": None}}, "invalid", "bad role"),
        (422, {}, {"detail": [{"loc": ["body"]}]}, "422", '[{"loc": ["body"]}]'),
        (
            415,
            {"content-type": "text/plain"},
            b"Expected request with `Content-Type: application/json`\n",
            "415",
            "Expected request with `Content-Type: application/json`",
        ),
        (413, {"content-type": "text/html"}, b"<html>Request Entity Too Large</html>", "413", "HTTP 413 Request Entity Too Large"),
        (503, {}, b"", "503", "HTTP 503 Service Unavailable"),
        (599, {}, b"", "599", "HTTP 599"),
        (500, {}, b'["a", "list"]', "500", '["a", "list"]'),
        (502, {}, b"\xff\xfe", "502", "\ufffd\ufffd"),
        (500, {}, b"[" * 100_000, "500", "[" * 2000),
    ],
)
def test_every_form_of_an_error_gives_its_code_and_its_words(status: int, headers: dict[str, str], body: Any, code: str, message: str) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = parse_rejection(status, headers, data, request_id="r")
    assert (error.status, error.code, str(error), error.request_id) == (status, code, message, "r")


def test_a_model_error_keeps_what_the_container_said() -> None:
    error = parse_rejection(424, {"x-amzn-errortype": "ModelError"}, json.dumps(MODEL_ERROR).encode(), request_id=None)
    assert (error.original_status, error.original_message, error.log_stream_arn) == (422, MODEL_ERROR["OriginalMessage"], MODEL_ERROR["LogStreamArn"])
