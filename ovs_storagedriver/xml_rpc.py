# SPDX-License-Identifier: Apache-2.0

"""XML-RPC requests and answers as bytes.

The standard library's own ``xmlrpc.client.loads`` would expand the entities
of a document type declaration; no XML-RPC request needs one.
"""

import xmlrpc.client
from xml.parsers import expat

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
    unmarshaller = xmlrpc.client.Unmarshaller()
    # No encoding: expat hands out text.
    unmarshaller.xml(None, None)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = unmarshaller.start
    parser.EndElementHandler = unmarshaller.end
    parser.CharacterDataHandler = unmarshaller.data
    try:
        parser.Parse(body, True)
        parameters = unmarshaller.close()
    except Exception as error:
        # Not only its own errors: well-formed XML with the wrong elements
        # makes the unmarshaller fail in ways that it does not name.
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


def _refuse_document_type(*_args):
    raise BadRequest
