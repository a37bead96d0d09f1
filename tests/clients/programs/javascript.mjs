// The AWS SDK for JavaScript, v3, as an application uses it. One line of JSON asks, one answers: the parts, what was thrown, the hosts that were asked for.

import { createRequire } from "node:module";
import net from "node:net";
import { createInterface } from "node:readline";

const sdk = createRequire(`${process.cwd()}/`)("@aws-sdk/client-sagemaker-runtime");
const hosts = new Set();
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given;
  hosts.add(options.host ?? "localhost");
  return connect.apply(this, given);
};

const client = new sdk.SageMakerRuntimeClient({});

async function invoke(input, answer) {
  const response = await client.send(new sdk.InvokeEndpointCommand(input));
  answer.parts.push(Buffer.from(response.Body).toString("base64"));
  return response;
}

async function stream(input, answer, { abortAfter }) {
  const abort = new AbortController();
  const response = await client.send(new sdk.InvokeEndpointWithResponseStreamCommand(input), { abortSignal: abort.signal });
  for await (const event of response.Body) {
    answer.parts.push(Buffer.from(event.PayloadPart.Bytes).toString("base64"));
    if (answer.parts.length === abortAfter) abort.abort();
  }
  return response;
}

const operations = { invoke, stream };

// The class is one that the SDK exports where `instanceof` says so; the members are those that the service sent.
function describe(error) {
  const { $metadata: metadata, $fault: fault, ...members } = error;
  const type = sdk[error.name] && error instanceof sdk[error.name] ? error.name : error.constructor.name;
  return { type, name: error.name, message: error.message, status: metadata?.httpStatusCode, fault, members };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, input, ...how } = JSON.parse(line);
  const answer = { parts: [], error: null };
  try {
    const response = await operations[operation](input, answer, how);
    Object.assign(answer, { contentType: response.ContentType, variant: response.InvokedProductionVariant, attempts: response.$metadata.attempts });
  } catch (error) {
    answer.error = describe(error);
  }
  console.log(JSON.stringify({ ...answer, hosts: [...hosts] }));
}
process.exit();
