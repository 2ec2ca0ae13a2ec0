import Testing

@testable import Backprop
@testable import BackpropInspection

@Suite("The error on its way down")
struct ErrorFlowTests {
  @Test("The two factors of Mazur's network, by hand")
  func mazur() throws {
    let network = try HandWorkedTests().mazur()
    let batch = Batch<Double>(inputs: Matrix([[0.05, 0.10]]), targets: Matrix([[0.01, 0.99]]))
    var workspace = Workspace(for: network, capacity: 1)
    var gradient = network.makeGradient()
    network.forward(batch, in: &workspace)
    network.backward(in: &workspace, into: &gradient)
    let flow = network.errorFlow(in: workspace)
    #expect(flow.map(\.layer) == [2, 3])
    // δ³ = (0.138499, −0.038098): ‖δ³‖ = √(0.019182 + 0.001451) = 0.143643.
    #expect(abs(flow[1].norm - 0.143643) < 1e-6)
    #expect(flow[1].weightFactor == nil)
    // Wᵀδ³ = (0.4·0.138499 − 0.5·0.038098, 0.45·0.138499 − 0.55·0.038098) = (0.036350, 0.041370);
    // its norm is 0.055071, so the weights left 0.383387 of ‖δ³‖.
    #expect(abs((flow[0].weightFactor ?? 0) - 0.055071 / 0.143643) < 1e-5)
    // σ′ = a (1 − a) = (0.241301, 0.240613): δ² = (0.008771, 0.009954), norm 0.013267.
    #expect(abs((flow[0].derivativeFactor ?? 0) - 0.013267 / 0.055071) < 1e-5)
    #expect(abs((flow[0].ratio ?? 0) - flow[0].norm / flow[1].norm) < 1e-15)
  }
}
