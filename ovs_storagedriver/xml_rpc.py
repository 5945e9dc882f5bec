# SPDX-License-Identifier: Apache-2.0

"""XML-RPC requests and answers as bytes."""

import xmlrpc.client

from ovs_drivers import xml_rpc

Fault = xmlrpc.client.Fault
Binary = xmlrpc.client.Binary

# The only code of a fault that the product has.
FAULT_CODE = 1


class BadRequest(Exception):
    """The bytes are no XML-RPC request."""


def parse_request(body):
    """Return (method, parameters).

    :raises: BadRequest
    """
    try:
        unmarshaller = xml_rpc.unmarshal(body)
        parameters = unmarshaller.close()
    except Exception as error:
        raise BadRequest('the request is not XML-RPC (%s)'
                         % type(error).__name__)
    method = unmarshaller.getmethodname()
    if not method:
        raise BadRequest('the request is not XML-RPC (no methodName)')
    return method, parameters


def format_answer(answer):
    return xmlrpc.client.dumps((answer,), methodresponse=True).encode()


def format_fault(text):
    return xmlrpc.client.dumps(Fault(FAULT_CODE, text)).encode()
