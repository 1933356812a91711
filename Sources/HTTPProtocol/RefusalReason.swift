// What a refused request is answered with, and counted under.
extension Refusal.Reason {
    /// The status that the client gets.
    package var status: Int {
        switch self {
        case .head(let error): error.status
        case .body, .upgradeWithBody, .missingKey, .repeatedKey, .badKey, .badExtensions, .missingAuthority,
            .twoAuthorities, .badAuthority, .badPath, .repeatedLength, .endedWithRequest:
            400
        case .methodNotAllowed: 405
        case .misdirected: 421
        case .badVersion, .upgradeRequired: 426
        case .otherProtocol: 501
        }
    }

    /// One line for the client, lower case.
    package var text: String {
        switch self {
        case .head(let error): error.reason
        case .body(let error): error.reason
        case .upgradeWithBody: "a WebSocket upgrade has no body"
        case .missingKey: "missing Sec-WebSocket-Key"
        case .repeatedKey: "more than one Sec-WebSocket-Key"
        case .badKey: "Sec-WebSocket-Key is not 16 bytes in base64"
        case .badExtensions: "malformed Sec-WebSocket-Extensions"
        case .badVersion: "Sec-WebSocket-Version must be 13"
        case .upgradeRequired: "this is a WebSocket endpoint"
        case .methodNotAllowed: "method is not allowed here"
        case .misdirected: "this connection was made for another host"
        case .otherProtocol: "only :protocol websocket is spoken"
        case .missingAuthority: "missing :authority"
        case .twoAuthorities: ":authority and Host differ"
        case .badAuthority: "malformed :authority"
        case .badPath: "malformed :path"
        case .repeatedLength: "repeated content-length"
        case .endedWithRequest: "a WebSocket's stream ended with its request"
        }
    }

    /// Words for counters: a closed set, whatever a client sends.
    package var label: String {
        switch self {
        case .head(let error): error.label
        case .body(let error): error.label
        case .upgradeWithBody: "a_websocket_upgrade_has_no_body"
        case .missingKey: "missing_sec-websocket-key"
        case .repeatedKey: "more_than_one_sec-websocket-key"
        case .badKey: "sec-websocket-key_is_not_bytes_in_base"
        case .badExtensions: "malformed_sec-websocket-extensions"
        case .badVersion: "sec-websocket-version_must_be"
        case .upgradeRequired: "this_is_a_websocket_endpoint"
        case .methodNotAllowed: "method_is_not_allowed_here"
        case .misdirected: "this_connection_was_made_for_another_host"
        case .otherProtocol: "only_protocol_websocket_is_spoken"
        case .missingAuthority: "missing_authority"
        case .twoAuthorities: "authority_and_host_differ"
        case .badAuthority: "malformed_authority"
        case .badPath: "malformed_path"
        case .repeatedLength: "repeated_content-length"
        case .endedWithRequest: "a_websocket_s_stream_ended_with_its_request"
        }
    }

    /// What says to the client what it may do instead.
    package var fields: [HeaderFields.Field] {
        switch self {
        case .badVersion, .upgradeRequired:
            [.init("Sec-WebSocket-Version", "13"), .init("Upgrade", "websocket")]
        case .methodNotAllowed, .head(.tunnel):
            [.init("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")]
        case .head, .body, .upgradeWithBody, .missingKey, .repeatedKey, .badKey, .badExtensions, .misdirected,
            .otherProtocol, .missingAuthority, .twoAuthorities, .badAuthority, .badPath, .repeatedLength,
            .endedWithRequest:
            []
        }
    }
}

extension HeadError {
    /// Words for counters.
    package var label: String {
        switch self {
        case .bareLineFeed: "line_ends_in_a_bare_line_feed"
        case .bareCarriageReturn: "carriage_return_without_a_line_feed"
        case .lineFolding: "folded_header_line"
        case .controlByte: "control_byte_in_the_head"
        case .badRequestLine: "malformed_request_line"
        case .badStatusLine: "malformed_status_line"
        case .unaskedSwitch: "switch_to_a_protocol_that_nobody_asked_for"
        case .badMethod: "malformed_method"
        case .badTarget: "malformed_request_target"
        case .tunnel: "no_tunnels_here"
        case .badPath(let error): error.label
        case .badVersion: "unsupported_protocol_version_expected_http"
        case .badFieldName: "malformed_header_field_name"
        case .missingHost: "missing_host"
        case .duplicateHost: "more_than_one_host"
        case .badHost: "malformed_host"
        case .conflictingLengths: "both_content-length_and_transfer-encoding"
        case .badContentLength: "malformed_or_repeated_content-length"
        case .badTransferEncoding: "transfer-encoding_is_not_exactly_chunked"
        case .tooLarge: "head_larger_than_bytes"
        case .tooManyFields: "more_than_header_fields"
        case .tooManyInterim: "more_than_interim_responses"
        }
    }
}

extension BodyError {
    /// Words for counters.
    package var label: String {
        switch self {
        case .badChunkSize: "malformed_chunk_size"
        case .badChunkExtension: "malformed_or_endless_chunk_extensions"
        case .badChunkEnd: "chunk_longer_than_its_size"
        case .badTrailer(let error): "trailer_section_\(error.label)"
        }
    }
}

extension RequestTargetError {
    /// Words for counters.
    package var label: String {
        switch self {
        case .malformed: "malformed_request_target"
        case .malformedEncoding: "malformed_percent-encoding_in_the_path"
        case .controlByte: "control_byte_in_the_path"
        case .aboveRoot: "path_climbs_above_its_root"
        }
    }
}
