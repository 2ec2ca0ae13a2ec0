/// The Korean text of the commands that explain. Keys are the same as in the other language's file.
enum KoreanText {
  static let all: [String: String] = [explain, check, whatIf, doctor].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }

  // MARK: explain

  private static let explain: [String: String] = [
    "explain.title": "{0}: {2}의 예제 {1}에 대한 역전파 한 걸음",
    "explain.titleBatch": "{0}: {3}의 예제 {1}개({2})로 된 배치에 대한 역전파 한 걸음",
    "explain.network": "신경망 {0} ({1}), 손실 함수 {2}, {3} 정밀도로 계산",
    "explain.labels": "이 예제의 정답은 “{0}”, 신경망의 답은 “{1}”",
    "explain.heading.assumptions": "손실 함수에 대한 두 가지 가정",
    "explain.heading.forward": "순전파: `zˡ = Wˡ aˡ⁻¹ + bˡ`, 그리고 `aˡ = σ(zˡ)`",
    "explain.heading.bp1": "BP1, 마지막 층의 에러: `δᴸ = Jσ(zᴸ)ᵀ ∇ₐC`",
    "explain.heading.bp2": "BP2, 위층의 에러로 구하는 아래층의 에러: `δˡ = ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ σ′(zˡ)`",
    "explain.heading.bp3": "BP3, 편향의 기울기: `∂C/∂bˡ = δˡ`",
    "explain.heading.bp4": "BP4, 가중치의 기울기: `∂C/∂wˡⱼₖ = aˡ⁻¹ₖ δˡⱼ`",
    "explain.heading.update": "갱신: `θ ← θ + Δθ`",
    "explain.assumptionI": "가정 I. 데이터 전체의 손실은 각 예제의 손실의 합이다.",
    "explain.assumptionI.together": "위의 값은 예제마다 따로 계산한 것이다. {0}개를 한 배치로 계산하면 {1}이다.",
    "explain.assumptionI.single": "데이터에 예제가 하나뿐이므로 합의 항도 하나다.",
    "explain.assumptionII": "가정 II. 한 예제의 손실은 마지막 층의 출력 `aᴸ`(과 목표값)만의 함수다.",
    "explain.weight.mean":
      "배치의 손실은 예제 {0}개의 평균이므로 이 예제의 손실에는 `wₓ = {1}`이 곱해진다. 이 계수는 `∇ₐC`에서 한 번 들어가고, 그 뒤로는 "
      + "δ가 지니고 간다.",
    "explain.weight.sum": "배치의 손실은 합이므로 이 예제의 손실에는 `wₓ = {0}`이 곱해진다.",
    "explain.penalty":
      "목적 함수에는 `½ λ ‖W‖² = {1}`(`λ = {0}`)도 들어 있다. 가중치에만 달린 항이므로 BP4에서 더해지고 δ에는 닿지 않는다.",
    "explain.lossFromWeightedInputs": "출력이 0이나 1로 반올림되어 로그가 무한대가 된다. 그래서 엔진은 손실을 z에서 바로 계산한다.",
    "explain.firstOfBatch": "배치의 첫 예제인 예제 {0}을(를) 보인다.",
    "explain.inputNames": "입력: {0}",
    "explain.layer": "{0}층: {1}, 뉴런 {2}개",
    "explain.more": "… 외 {0}개",
    "explain.moreTerms": "외 {0}개",
    "explain.column.neuron": "뉴런",
    "explain.column.votes": "투표의 합",
    "explain.column.weight": "가중치",
    "explain.column.example": "예제",
    "explain.column.before": "갱신 전",
    "explain.column.after": "갱신 후",
    "explain.column.push": "방향",
    "explain.column.share": "비율",
    "explain.softmaxDerivative":
      "소프트맥스는 모든 z에 한꺼번에 작용하므로 그 도함수는 행렬이다: `∂aₖ/∂zⱼ = aₖ ([k = j] − aⱼ)`.",
    "explain.delta.definition": "뉴런의 에러는 정의에 따라 `δˡⱼ ≡ ∂C/∂zˡⱼ`, 곧 그 뉴런의 가중 입력이 변할 때 손실이 변하는 정도다.",
    "explain.bp1.jacobian": "소프트맥스의 야코비 행렬을 거치면 `δⱼ = Σₖ ∂C/∂aₖ ∂aₖ/∂zⱼ`:",
    "explain.bp1.general": "일반형 `δⱼ = ∂C/∂aⱼ · σ′(zⱼ)`:",
    "explain.bp1.shortcut": "이 손실 함수와 활성화 함수는 짝이 맞아 σ′이 약분된다. 학습에는 지름길 `δ = wₓ (a − y)`를 쓴다:",
    "explain.bp1.equal": "두 결과는 같다. 차이는 {0}.",
    "explain.bp1.notFinite": "출력이 0이나 1로 반올림되어 일반형은 0으로 나누게 된다. 학습은 지름길을 쓰므로 문제가 없다.",
    "explain.bp1.saturated": "뉴런 {0}은(는) 포화되었다. σ′이 `∂C/∂a`의 {1} %만 통과시키므로 아무리 틀려도 천천히 배운다.",
    "explain.bp2.none": "은닉층이 없으므로 에러를 아래로 전할 일이 없다.",
    "explain.bp2.votes":
      "위층의 뉴런마다 자기 에러에 연결 가중치를 곱해 한 표를 던진다. 그 표의 합이 이 뉴런의 `∂C/∂a`이고, 여기에 σ′을 곱한다.",
    "explain.bp2.factors": "내려오는 동안 가중치는 에러를 {0}배로, σ′은 {1}배로 만들었다.",
    "explain.bp3.batch": "예제 {0}개의 δ에는 각자의 계수가 이미 들어 있으므로 기울기는 그 단순한 합이다.",
    "explain.hingeGradient": "어긴 여유마다 +1, 정답 클래스에는 그 개수의 음수",
    "explain.cancel.heading": "예제끼리 서로 상쇄된 정도",
    "explain.cancel.share": "예제들이 저마다 요구한 양의 {0} %가 합에서 상쇄되었다.",
    "explain.update.descent": "`η = {0}`인 단순 경사 하강법: `Δθ = −η ∂C/∂θ`.",
    "explain.update.rule": "`η = {1}`인 {0} 규칙, 모멘트는 첫 걸음과 같다.",
    "explain.update.effect": "갱신이 이 예제들의 손실에 한 일",
    "explain.update.all": "`C {0} → {1}` (가중치와 편향)",
    "explain.update.weightsOnly": "`C {0} → {1}` (가중치만)",
    "explain.update.predicted": "예측한 변화",
    "explain.update.real": "실제 변화",
    "explain.update.ratio": "실제 변화는 예측의 {0} %다. 100에 가까울수록 이 걸음을 따라 손실이 곧게 변한다.",
    "explain.update.tooLarge": "기울기는 내려간다고 하는데 손실이 올라갔다. 손실이 휜 정도에 비해 걸음이 너무 크다.",
    "explain.update.stationary": "기울기가 0이라 아무것도 움직이지 않는다.",
    "explain.enter": "— Enter: 다음 단계, q: 끝 — ",
    "explain.verified": "검증됨: 등식 {0}개의 좌변을 반올림하지 않은 값으로 다시 계산한 우변과 비교했다. 가장 큰 잔차 {1}",
    "explain.notVerified": "검증 실패: 등식 {1}개 가운데 {0}개가 성립하지 않는다",
    "explain.why.title": "{0}을(를) 민 예제들: {2}의 모든 행 {1}개",
    "explain.why.text": "BP4에 따라 예제마다 `∂C/∂{0}`에 `{1} · {2}`를 더한다. 경사 하강은 가중치를 그 반대로 움직인다.",
    "explain.why.up": "위로",
    "explain.why.down": "아래로",
    "explain.why.cancel": "모든 밀기의 {0} %가 합에서 상쇄되었다.",
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "{0}의 기울기 검사"
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.title": "만약에: {0}"
  ]

  // MARK: doctor

  private static let doctor: [String: String] = [
    "doctor.title": "{0} 진단"
  ]
}
