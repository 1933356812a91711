internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import PerMessageDeflate

/// One upgrade asked on a stream of a multiplexed connection (RFC 8441, 5). Tells what came of it once.
final class UpgradeOnStream: StreamAsker {
    enum Answer {
        case accepted(MultiplexStream, AcceptedUpgrade)
        case refused(HTTP2UpstreamRequest, ResponseHead)
        /// The stream ended without an answer, or the answer breaks the rules of the handshake.
        case failed(Fault)
    }

    private let plan: UpgradePlan
    private let handshake: StreamHandshake
    private let line: MultiplexLine
    private let stream: MultiplexStream
    private var done: ((Answer) -> Void)?

    init(_ plan: UpgradePlan, on line: MultiplexLine, done: @escaping (Answer) -> Void) {
        self.plan = plan
        handshake = plan.streamHandshake()
        self.line = line
        stream = MultiplexStream(on: line)
        self.done = done
    }

    func start() {
        stream.asker = self
        if stream.open(handshake.request.http2(scheme: line.scheme)) { return }
        // It has just said that it takes no more, and gives the place back.
        stream.asker = nil
        line.streamEnded()
        line.worker.loop.nextTurn { [self] in tell(.failed(Fault(.unprocessed, .leaving))) }
    }

    /// Nobody waits for an answer any longer.
    func cancel() {
        done = nil
        stream.abort()
    }

    private func tell(_ answer: Answer) {
        stream.asker = nil
        done.take()?(answer)
    }

    func streamAnswered(_ head: ResponseHead) {
        do {
            switch try handshake.check(head) {
            case .interim: break
            case .accepted(let accepted):
                _ = try plan.backendOffer?.agreement(accepted.extensions)
                tell(.accepted(stream, accepted))
            case .refused(let head):
                let rest = HTTP2UpstreamRequest(plan.head, refusedBy: head, on: line)
                rest.take(stream.surrender(to: rest))
                tell(.refused(rest, head))
            }
        } catch let error as ClientHandshakeError {
            wrong(.handshake(error))
        } catch let error as DeflateAnswerError {
            wrong(.extensions(error))
        } catch {
            wrong(.itself)
        }
    }

    private func wrong(_ cause: Fault.Cause) {
        stream.abort()
        tell(.failed(Fault(.badHandshake, cause)))
    }

    func streamFailed(_ code: HTTP2Code, _ error: TransportError) {
        let fault = Fault.stream(code, error, isAnswered: false)
        if fault.kind == .wantsHTTP1 { line.wantsSessionsOverHTTP1() }
        tell(.failed(fault))
    }
}
