/// The Korean text of the commands that explain. Keys are the same as in the other language's file.
enum KoreanText {
  static let all: [String: String] = [explain, check, whatIf, doctor].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }

  // MARK: explain

  private static let explain: [String: String] = [
    "explain.title": "{0}의 역전파, 한 단계씩"
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "{0}의 기울기 검사",
    "check.examples": "{2}의 예제 {1}개 중 {0}개",
    "check.network": "{0}, C = {1} ({2}), 배정밀도 계산",
    "check.mutant": "일부러 망가뜨림: {0}",
    "check.g": "g  역전파(BP1–BP4)로 구한 ∂C/∂θ",
    "check.d": "d  손실의 차분으로 구한 ∂C/∂θ: (C(θ + h) − C(θ − h)) / 2h",
    "check.error": "상대 오차 = |g − d| / max(|g|, |d|)",
    "check.tensor": "텐서",
    "check.shape": "모양",
    "check.checked": "검사 수",
    "check.kinks": "꺾임점",
    "check.worst": "최대 오차",
    "check.verdict": "판정",
    "check.notJudged": "판정 못 함",
    "check.verdict.good": "좋음",
    "check.verdict.suspicious": "의심",
    "check.verdict.wrong": "틀림",
    "check.thresholds": "오차 > 1e-2 틀림, 1e-4 … 1e-2 의심, ≤ 1e-7 좋음 (CS231n)",
    "check.between": "1e-7 … 1e-4는 신경망이나 손실 함수에 꺾임점이 있으면 좋음, 없으면 의심",
    "check.kinksNote": "꺾임점: {0}개 성분이 첫 h에서 꺾임점을 넘었고, 더 작은 h로 모두 판정함",
    "check.kinksUnjudged": "꺾임점: {0}개 성분이 첫 h에서 넘었고, 그중 {1}개는 어떤 h로도 피하지 못함",
    "check.zeroNote": "정확히 0이어서 식에 대해 아무것도 말해 주지 않음: {0}",
    "check.allTensors": "모든 텐서",
    "check.unresolvedNote": "{0}개 성분은 너무 작아서 차분으로는 틀림을 가릴 수 없음",
    "check.curve": "단순 중앙 차분의 h에 따른 오차",
    "check.curveNote": "V자 곡선: 절단 오차는 h²로, 반올림 오차는 1/h로 커짐",
    "check.curveFlat": "어떤 h로도 최대 오차가 줄지 않으므로, 틀린 것은 차분이 아님",
    "check.median": "중앙값",
    "check.curveWorst": "최대",
    "check.curveBar": "중앙값의 로그",
    "check.allKinks": "모든 성분이 꺾임점을 넘음",
    "check.assumptionI": "가정 I: C = Σ wₓ Cₓ, 손실은 예제별 손실의 가중합",
    "check.assumptionII": "가정 II: C는 aᴸ을 거쳐서만 파라미터에 의존",
    "check.residual": "잔차",
    "check.holds": "성립",
    "check.broken": "깨짐",
    "check.property.splits": "무작위 분할: 부분들의 C를 더하면 전체 C",
    "check.property.splitsOfGradient": "무작위 분할: 부분들의 ∇C를 더하면 전체 ∇C",
    "check.property.exampleWeights": "무작위 예제 가중치: C = Σ wₓ Cₓ, 하나씩",
    "check.property.exampleWeightsOfGradient": "무작위 예제 가중치: ∇C = Σ wₓ ∇Cₓ, 하나씩",
    "check.property.lossOfOutputs": "aᴸ의 사본과 y만으로 다시 구한 C",
    "check.property.permutedNeurons": "은닉 뉴런의 순서를 바꾸어도 같은 C",
    "check.property.firstOrder": "모든 θ를 조금 움직임: ΔC = ∇ₐC · Δaᴸ",
    "check.red": "빨간 텐서: {0}.",
    "check.suspect.outputDelta": "따라서 BP1이 틀림: δᴸ은 모든 텐서로 이어지고, 모든 텐서가 빨강.",
    "check.suspect.biasGradient": "따라서 BP3이 틀림: ∂C/∂b = δ이고, 편향만 빨강.",
    "check.suspect.weightGradient": "따라서 BP4가 틀림: ∂C/∂W = δ aᵀ이고, 가중치만 빨강.",
    "check.suspect.unclear": "식 하나로는 설명되지 않음: 가장 위의 빨간 층부터 살펴볼 것.",
    "check.suspectAt.backpropagatedDelta": "따라서 {0}층으로 내려오는 BP2가 틀림: 그 위는 모두 맞음.",
    "check.suspectAt.biasGradient": "따라서 {0}층의 BP3이 틀림: ∂C/∂b = δ이고, 그 편향만 빨강.",
    "check.suspectAt.weightGradient": "따라서 {0}층의 BP4가 틀림: 그 가중치만 빨강.",
    "check.suspectAt.layerGradient": "따라서 {0}층의 BP3과 BP4가 계산되지 않음: 기울기가 정확히 0.",
    "check.otherStep": "곡선에서 보듯 더 알맞은 h로는 차분이 일치함: --h auto를 쓸 것.",
    "check.resembles": "정확히 이 실수와 같음: {0}.",
    "check.brokenI": "가정 I이 깨짐: 손실 함수가 예제의 가중치를 쓰는지 확인할 것.",
    "check.brokenII": "가정 II가 깨짐: ∇ₐC가 손실 함수의 기울기인지 확인할 것.",
    "check.brokenRegularizer": "½λ‖W‖²의 기울기가 λW가 아님.",
    "check.suspicious": "틀리지는 않았지만 의심스러움: {0}.",
    "check.passed": "통과: 역전파와 차분이 일치하고, 두 가정이 성립.",
    "check.failed": "실패.",
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.title": "만약 {0}",
    "whatif.builtIn": "내장 예제: 시드로 만든 평면 위의 점 {0}개, 3개 클래스",
    "whatif.source": "모델 {0}, 데이터 {1}",
    "whatif.network": "신경망 {0} ({1}), 손실 함수 {2}",
    "whatif.naive": "그대로  {0}",
    "whatif.repaired": "고침    {0}",
    "whatif.loss": "이 손실은 예제 {1}개에서 {0}; λ = {2}",
    "whatif.lossOfProduct": "이 손실은 예제 {1}개에서 {0}",
    "whatif.column.naive": "그대로",
    "whatif.column.error": "오차",
    "whatif.column.repaired": "고침",
    "whatif.column.numeric": "차분",
    "whatif.product.question": "손실이 곱이라면, C = Π Cₓ?",
    "whatif.product.text":
      "가정 I이 깨짐: C는 예제별 손실의 합이 아니다. 그래도 곱의 미분법이\n기울기를 준다: ∂C/∂θ = Σ (∂C/∂Cₓ) (∂Cₓ/∂θ).",
    "whatif.product.naive": "C가 Cₓ의 합인 것처럼 네 식을 그대로 적용",
    "whatif.product.repaired": "δᴸ마다 ∂C/∂Cₓ = Π_{y≠x} C_y를 곱함 (예제의 가중치)",
    "whatif.logarithm.question": "로그를 취한다면, log Π Cₓ = Σ log Cₓ?",
    "whatif.logarithm.text": "로그는 곱을 합으로 바꾼다: 손실 log Cₓ에 대해 가정 I이 다시 성립한다.\n최소가 되는 곳은 곱과 같다.",
    "whatif.logarithm.naive": "Σ Cₓ에 대한 네 식",
    "whatif.logarithm.repaired": "δᴸ마다 ∂log Cₓ/∂Cₓ = 1/Cₓ을 곱함 (예제의 가중치)",
    "whatif.hidden-penalty.question": "손실이 은닉층을 본다면, C + ½λ‖aˡ‖²?",
    "whatif.hidden-penalty.text": "가정 II가 깨짐: {0}층이 aᴸ을 거치지 않고 C에 직접 닿는다.\n연쇄 법칙은 그 길로 오는 몫을 더한다.",
    "whatif.hidden-penalty.naive": "네 식을 그대로 적용",
    "whatif.hidden-penalty.repaired": "BP2에 항 하나를 더함: δˡ = ((Wˡ⁺¹)ᵀδˡ⁺¹ + wₓλaˡ) ⊙ σ′(zˡ)",
    "whatif.l2.question": "가중치에 벌칙을 준다면, C + ½λ‖W‖²?",
    "whatif.l2.text": "벌칙항은 활성화 값이 아니라 파라미터 자체에 의존한다: 에러 δ는\n그대로이고 BP4에만 항이 더해진다.",
    "whatif.l2.naive": "네 식을 그대로 적용",
    "whatif.l2.repaired": "BP4에 + λW를 더함",
    "whatif.leavesDelta": "모든 층의 δ가 벌칙항이 있든 없든 비트까지 같다.",
    "whatif.changesDelta": "벌칙항이 있을 때와 없을 때 δ가 다르다.",
    "whatif.naiveRed": "그대로: 틀린 텐서 {0}",
    "whatif.naiveRight": "그대로: 여기서는 우연히 맞음",
    "whatif.repairRight": "고침: 모든 곳에서 차분과 일치",
    "whatif.repairWrong": "고침: 차분과 일치하지 않음",
    "whatif.mutants.question": "역전파에 실수가 있다면?",
    "whatif.mutants.text":
      "변이 일곱 개에 실수가 하나씩 있다. 모두 같은 가중치에서 출발해 같은\n"
      + "배치를 {0} 에폭 동안 학습률 {1}로 배운다. 정확도는 어떤 실수를\n"
      + "덮어 주지만, 기울기 검사는 하나도 놓치지 않는다.",
    "whatif.column.before": "학습 전",
    "whatif.column.after": "학습 후",
    "whatif.column.loss": "손실",
    "whatif.column.red": "빨간 텐서",
    "whatif.column.equations": "식",
    "whatif.metric": "학습 전, 학습 후: {0}; 손실: 학습 후; 나머지: 기울기 검사",
    "whatif.right": "역전파",
    "whatif.green": "없음",
    "whatif.same": "여기서는 같음",
    "whatif.mutant.bp2-no-transpose": "Wᵀ 대신 W를 쓴 BP2",
    "whatif.mutant.bp4-wrong-layer": "aˡ⁻¹ 대신 aˡ을 쓴 BP4",
    "whatif.mutant.first-layer-frozen": "첫 층의 BP3과 BP4를 빠뜨림",
    "whatif.mutant.bp2-no-derivative": "⊙ σ′(z)를 빠뜨린 BP2",
    "whatif.mutant.no-bp3": "BP3을 빠뜨림: 편향이 학습되지 않음",
    "whatif.mutant.softmax-diagonal": "softmax 야코비 행렬의 대각 성분만 쓴 BP1",
    "whatif.mutant.sign-flipped": "δᴸ의 부호가 뒤집힌 BP1",
    "whatif.passed": "모두 이론대로.",
    "whatif.failed": "이론과 다른 것이 있음.",
  ]

  // MARK: doctor

  private static let doctor: [String: String] = [
    "doctor.title": "{0} 진단"
  ]
}
