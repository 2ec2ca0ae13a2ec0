import Backprop

/// The Korean text of the commands that explain. Keys are the same as in the other language's file.
enum KoreanText {
  static let all: [String: String] = [explain, check, whatIf, doctor].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }

  // MARK: explain

  private static let explain: [String: String] = [
    "explain.title": "{0}: {2}의 예제 {1}에 대한 역전파 한 단계",
    "explain.titleBatch": "{0}: {3}의 예제 {1}개({2})로 된 배치에 대한 역전파 한 단계",
    "explain.network": "신경망 {0} ({1}), 손실 함수 {2}, {3} 정밀도로 계산",
    "explain.labels": "이 예제의 정답은 “{0}”, 신경망의 답은 “{1}”",
    "explain.dropoutOff":
      "여기서는 예측할 때처럼 드롭아웃을 끄고 모든 뉴런을 씁니다. 학습할 때는 단계마다 출력을 무작위로 끕니다.",
    "explain.heading.assumptions": "손실 함수에 대한 두 가지 가정",
    "explain.heading.forward": "순전파: `zˡ = Wˡ aˡ⁻¹ + bˡ`, 그리고 `aˡ = σ(zˡ)`",
    "explain.heading.bp1": "BP1, 마지막 층의 에러: `δᴸ = {0}`",
    "explain.heading.bp2": "BP2, 위층의 에러로 구하는 아래층의 에러: `δˡ = ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ σ′(zˡ)`",
    "explain.heading.bp3": "BP3, 편향의 기울기: `∂C/∂bˡ = δˡ`",
    "explain.heading.bp4": "BP4, 가중치의 기울기: `∂C/∂wˡⱼₖ = aˡ⁻¹ₖ δˡⱼ`",
    "explain.heading.update": "갱신: `θ ← θ + Δθ`",
    "explain.assumptionI.mean": "가정 I. 데이터 전체의 손실은 각 예제의 손실의 평균입니다: `C = 1/n · Σₓ Cₓ`.",
    "explain.assumptionI.sum": "가정 I. 데이터 전체의 손실은 각 예제의 손실의 합입니다: `C = Σₓ Cₓ`.",
    "explain.assumptionI.part": "여기서는 {1}개 중 {0}개:",
    "explain.assumptionI.together": "위의 값은 예제마다 따로 계산한 것입니다. {0}개를 한 배치로 계산하면 {1}입니다.",
    "explain.assumptionI.single": "데이터에 예제가 하나뿐이므로 항도 하나입니다.",
    "explain.assumptionII": "가정 II. 한 예제의 손실은 마지막 층의 출력 `aᴸ`(과 목표값)만의 함수입니다.",
    "explain.weight.mean":
      "배치의 손실은 예제 {0}개의 평균이므로 각 예제의 손실에 곱하는 계수는 `wₓ = 1/{0} = {1}`입니다. 이 계수는 `∇ₐC`에서 한 번 들어가고, 그 뒤로는 "
      + "δ가 지니고 갑니다.",
    "explain.weight.sum": "배치의 손실은 합이므로 각 예제의 손실에 곱하는 계수는 `wₓ = {0}`입니다.",
    "explain.penalty":
      "목적 함수에는 `{2} = {1}`(`{0}`)도 들어 있습니다. 가중치에만 달린 항이므로 BP4에서 더해지고 δ에는 닿지 않습니다.",
    "explain.lossFromWeightedInputs": "출력이 0이나 1로 반올림되어 로그가 무한대가 됩니다. 그래서 엔진은 손실을 z에서 바로 계산합니다.",
    "explain.firstOfBatch": "배치의 첫 예제인 {0}번 예제를 보입니다.",
    "explain.inputNames": "입력: {0}",
    "explain.layer": "{0}층: {1}, 뉴런 {2}개",
    "explain.pieces":
      "맥스아웃은 {0}개 조각 가운데 가장 큰 것을 취합니다. 각 행은 뉴런.조각이며, z와 δ는 조각을 셉니다.",
    "explain.more": "… 외 {0}개",
    "explain.moreTerms": "외 {0}개",
    "explain.column.neuron": "뉴런",
    "explain.column.votes": "투표의 합",
    "explain.column.weight": "가중치",
    "explain.column.parameter": "파라미터",
    "explain.column.example": "예제",
    "explain.column.before": "갱신 전",
    "explain.column.after": "갱신 후",
    "explain.column.push": "방향",
    "explain.column.share": "비율",
    "explain.softmaxDerivative":
      "소프트맥스는 모든 z에 한꺼번에 작용하므로 그 도함수는 행렬, 곧 야코비 행렬 `Jσ`입니다: `∂aₖ/∂zⱼ = aₖ ([k = j] − aⱼ)`.",
    "explain.delta.definition":
      "뉴런의 에러는 정의에 따라 `δˡⱼ ≡ ∂C/∂zˡⱼ`, 곧 그 뉴런의 가중 입력이 변할 때 손실이 변하는 정도입니다. "
      + "수치가 어긋난 정도인 오차와는 다른 말입니다.",
    "explain.bp1.jacobian": "소프트맥스의 야코비 행렬을 거치면 `δⱼ = Σₖ ∂C/∂aₖ ∂aₖ/∂zⱼ`:",
    "explain.bp1.general": "일반형 `δⱼ = ∂C/∂aⱼ · σ′(zⱼ)`:",
    "explain.bp1.shortcut": "이 손실 함수와 활성화 함수는 짝이 맞아 σ′이 약분됩니다. 학습에는 지름길 `δ = {0}`를 씁니다:",
    "explain.bp1.equal": "두 결과는 같습니다. 차이는 {0}입니다.",
    "explain.bp1.notFinite": "출력이 0이나 1로 반올림되어 일반형은 0으로 나누게 됩니다. 학습은 지름길을 쓰므로 문제가 없습니다.",
    "explain.bp1.saturated": "{0}번 뉴런은 포화되었습니다. σ′이 `∂C/∂a`의 {1} %만 통과시키므로 아무리 틀려도 천천히 배웁니다.",
    "explain.bp2.none": "은닉층이 없으므로 에러를 아래로 전할 일이 없습니다.",
    "explain.bp2.votes":
      "위층의 뉴런마다 자기 에러에 연결 가중치를 곱해 한 표를 던집니다. 그 표의 합이 이 뉴런의 `∂C/∂a`이고, 여기에 σ′을 곱합니다.",
    "explain.bp2.factors": "내려오는 동안 가중치는 에러를 {0}배로, σ′은 {1}배로 만들었습니다.",
    "explain.bp3.batch": "예제 {0}개의 δ에는 각자의 계수가 이미 들어 있으므로 기울기는 그 단순한 합입니다.",
    "explain.hingeGradient": "어긴 여유마다 −1",
    "explain.cancel.heading": "예제끼리 서로 상쇄된 정도",
    "explain.cancel.share": "예제들이 저마다 요구한 양의 {0} %가 합에서 상쇄되었습니다.",
    "explain.update.descent": "`η = {0}`인 단순 경사 하강법: `Δθ = −η ∂C/∂θ`.",
    "explain.update.rule": "`η = {1}`인 {0} 규칙, 모멘트는 첫 단계처럼 0에서 시작합니다.",
    "explain.update.effect": "갱신이 이 예제들의 손실에 한 일",
    "explain.update.all": "`C {0} → {1}` (가중치와 편향)",
    "explain.update.weightsOnly": "`C {0} → {1}` (가중치만)",
    "explain.update.predicted": "예측한 변화",
    "explain.update.real": "실제 변화",
    "explain.update.ratio": "실제 변화는 예측의 {0} %입니다. 100에 가까울수록 이 단계를 따라 손실이 곧게 변합니다.",
    "explain.update.tooLarge": "기울기는 내려간다고 하는데 손실이 올라갔습니다. 손실이 휜 정도에 비해 단계의 폭이 너무 큽니다.",
    "explain.assumptionI.alone":
      "여기서부터 C는 예제 {0} 하나의 손실입니다.",
    "explain.update.descentL2":
      "`η = {0}`인 단순 경사 하강법: 가중치는 `Δw = −η (∂C/∂w + {1})`, 편향은 `−η ∂C/∂b`.",
    "explain.update.decay":
      "그 밖에 분리된 감쇠가 가중치마다 `−η λ_d w`(`λ_d = {0}`)만큼 움직입니다. `Δw`는 둘을 합한 것입니다.",
    "explain.update.rounded":
      "`Δw`는 가중치가 실제로 움직인 양입니다. {0} 정밀도에서는 수의 간격만큼씩만 움직이므로 작은 `Δw`는 `−η`에 기울기를 곱한 값과 조금 "
      + "다릅니다.",
    "explain.update.objective":
      "`C + {2} {0} → {1}` (목적 함수)",
    "explain.update.diverged":
      "이 단계 뒤에 손실이 유한하지 않습니다. 단계의 폭이 너무 큽니다.",
    "explain.update.unresolved":
      "변화가 {0} 정밀도로 구별할 수 있는 것보다 작습니다. C는 약 {1}까지만 저장됩니다.",
    "explain.update.stationary": "기울기가 0이라 아무것도 움직이지 않습니다.",
    "explain.keys": "— Enter나 n: 다음, b나 p: 이전, q: 끝 (누른 뒤 Enter) — ",
    "explain.largestLoss":
      "예제 {0}의 손실({1})이 전체 {2}개 가운데 가장 크므로 이 예제를 보입니다. 다른 예제는 --example N으로 고릅니다.",
    "explain.learned":
      "이 예제는 이미 학습되었습니다: 손실은 {0}, 에러는 `‖δᴸ‖ = {1}`입니다. --example을 빼면 손실이 가장 큰 예제를 보입니다.",
    "explain.allLearned":
      "이 예제조차 이미 학습되었습니다: 손실은 {0}, 에러는 `‖δᴸ‖ = {1}`입니다. 에폭을 줄여 학습한 모델에서 더 잘 보입니다.",
    "explain.verified": "검증됨: 등식 {0}개의 좌변을 반올림하지 않은 값으로 다시 계산한 우변과 비교했습니다. 가장 큰 잔차 {1}",
    "explain.notVerified": "검증 실패: 등식 {1}개 가운데 {0}개가 성립하지 않습니다",
    "explain.norm.layer":
      "σ 앞에 층 정규화가 있습니다. 이 예제 하나에 대해 층의 뉴런들에 걸쳐 z를 평균 0, 분산 1로 만든 뒤 이득 γ를 곱하고 이동 β를 "
      + "더합니다. 활성화 함수는 그 결과에 적용됩니다: `a = σ(n)`.",
    "explain.norm.rms":
      "σ 앞에 RMS 정규화가 있습니다. 이 예제 하나에 대해 층의 뉴런들에 걸쳐 z의 제곱 평균을 1로 만든 뒤 이득 γ를 곱합니다. 활성화 "
      + "함수는 그 결과에 적용됩니다: `a = σ(n)`.",
    "explain.norm.bp2.layer":
      "σ′까지 곱한 것이 `∂C/∂n`입니다. 평균과 분산은 층의 모든 z에 달려 있으므로 에러는 정규화의 야코비 행렬을 더 거칩니다. `g = γ ⊙ "
      + "∂C/∂n`에서 평균과 `ẑ` 방향의 성분을 빼고 나머지에 s를 곱합니다.",
    "explain.norm.bp2.rms":
      "σ′까지 곱한 것이 `∂C/∂n`입니다. 제곱 평균은 층의 모든 z에 달려 있으므로 에러는 정규화의 야코비 행렬을 더 거칩니다. `g = γ ⊙ "
      + "∂C/∂n`에서 `ẑ` 방향의 성분을 빼고 나머지에 s를 곱합니다.",
    "explain.norm.factors": "내려오는 동안 가중치는 에러를 {0}배로, σ′과 정규화는 {1}배로 만들었습니다.",
    "explain.norm.gradient":
      "정규화된 층의 이득 γ와 (있다면) 이동 β는, 편향이 δ에서 배우듯 `∂C/∂n`에서 배웁니다:",
    "explain.kinds.noDecay": "벌칙항과 감쇠는 다음 파라미터에 닿지 않습니다: {0}.",
    "explain.kinds.scale":
      "배율 층은 입력마다 제 계수를 곱해 `z = s ⊙ a`를 만들고, z를 그대로 내보냅니다.",
    "explain.kinds.columns":
      "열 층은 한 수에서 여러 수를 만듭니다. 수 x에서는 x 자신과 파동 16개의 합 `A cos(2π f x + φ) + c`를, 범주에서는 그 번호의 항목 `E[x]`를 "
      + "만들고, 나머지는 그대로 둡니다.",
    "explain.kinds.columnGradient": "열 층이 배우는 것입니다. 항목은 그것을 찾아본 예제에서만 배웁니다:",
    "explain.column.madeOf": "만든 것",
    "explain.waves": "{0}의 파동, 합 {1}",
    "explain.kinds.parametric":
      "활성화 함수에 파라미터가 있습니다. α는 뉴런이 σ를 얼마나 적용하는지를 정하며, 0이면 선형이고 1이면 `a = σ({0})`입니다.",
    "explain.kinds.slopeGradient":
      "파라미터가 있는 활성화 함수의 α는, `∂C/∂a`에 σ가 바꾼 양을 곱한 값에서 배웁니다:",
    "explain.kinds.factors": "내려오는 동안 위층은 에러를 {0}배로, 이 층은 {1}배로 만들었습니다.",
    "explain.update.allParameters": "`C {0} → {1}` (모든 파라미터)",
    "explain.why.title": "가중치 {0}의 기울기에 예제마다 더한 양: {2}의 모든 행 {1}개",
    "explain.why.text": "BP4에 따라 예제마다 `∂C/∂{0}`에 더하는 양은 `{1} · {2}`입니다. 경사 하강법은 가중치를 그 반대로 움직입니다.",
    "explain.why.weight": "각 δ에 이미 곱해져 있는 평균의 계수는 `wₓ = 1/{0}`입니다.",
    "explain.why.up": "위로",
    "explain.why.down": "아래로",
    "explain.why.cancel": "예제들이 민 양의 {0} %가 합에서 상쇄되었습니다.",
  ]

  // MARK: check

  private static let check: [String: String] = [
    "check.title": "{0}의 기울기 검사",
    "check.examples": "{2}의 예제 {1}개 중 {0}개",
    "check.network": "{0}, C = {1} ({2}), 배정밀도 계산",
    "check.dropoutOff": "C가 θ만의 함수가 되도록 드롭아웃을 끄고 검사합니다",
    "check.mutant": "일부러 망가뜨림: {0}",
    "check.g": "g  역전파(BP1–BP4)로 구한 ∂C/∂θ",
    "check.d":
      "d  손실의 차분 (C(θ + h) − C(θ − h)) / 2h를 여러 h에서 구해\n     h = 0으로 외삽한 ∂C/∂θ (Ridders)",
    "check.dFixed": "d  손실의 차분으로 구한 ∂C/∂θ: (C(θ + h) − C(θ − h)) / 2h",
    "check.error": "상대 오차 = |g − d| / max(|g|, |d|) (오차는 수치의 차이, δ는 에러라 부름)",
    "check.tensor": "텐서",
    "check.shape": "모양",
    "check.checked": "검사 수",
    "check.kinks": "꺾임점",
    "check.worst": "최대 오차",
    "check.verdict": "판정",
    "check.verdict.good": "좋음",
    "check.verdict.suspicious": "의심",
    "check.verdict.notJudged": "판정 불가",
    "check.verdict.wrong": "틀림",
    "check.thresholds": "오차 > 1e-2 틀림, 1e-4 … 1e-2 의심, ≤ 1e-7 좋음 (CS231n)",
    "check.between": "1e-7 … 1e-4는 신경망이나 손실 함수에 꺾임점이 있으면 좋음, 없으면 의심",
    "check.kinksNote": "꺾임점: {0} 성분이 첫 h에서 꺾임점을 넘었고, 더 작은 h로 모두 판정함",
    "check.kinksUnjudged": "꺾임점: {0} 성분이 첫 h에서 넘었고, 그중 {1}개는 어떤 h로도 피하지 못함",
    "check.zeroNote": "정확히 0이어서 식에 대해 아무것도 말해 주지 않음: {0}",
    "check.allTensors": "모든 텐서",
    "check.unresolvedNote": "{0} 성분은 너무 작아서 차분으로는 틀림을 가릴 수 없음",
    "check.curve": "단순 중앙 차분의 h에 따른 오차",
    "check.curveNote": "V자 곡선: 절단 오차는 h²에, 반올림 오차는 1/h에 비례해 커짐",
    "check.curveFlat": "충분한 성분을 판정한 h에서는 모두 최대 오차가 크므로, 틀린 것은 차분이 아님",
    "check.curveUnresolved":
      "충분한 성분을 판정한 h에서는 모두 최대 오차가 큼: 작은 도함수가 반올림에 묻힘",
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
    "check.failing": "틀린 텐서: {0}.",
    "check.suspect.outputDelta": "따라서 BP1이 틀림: δᴸ은 모든 텐서로 이어지고, 모든 텐서가 틀림.",
    "check.suspect.biasGradient": "따라서 BP3이 틀림: ∂C/∂b = δ이고, 편향만 틀림.",
    "check.suspect.weightGradient": "따라서 BP4가 틀림: ∂C/∂W = δ aᵀ이고, 가중치만 틀림.",
    "check.suspect.unclear": "식 하나로는 설명되지 않음: 틀린 층 가운데 가장 위층부터 살펴보세요.",
    "check.suspectAt.backpropagatedDelta": "따라서 {0}층으로 내려오는 BP2가 틀림: 그 위는 모두 맞음.",
    "check.suspectAt.biasGradient": "따라서 {0}층의 BP3이 틀림: ∂C/∂b = δ이고, 그 편향만 틀림.",
    "check.suspectAt.weightGradient": "따라서 {0}층의 BP4가 틀림: 그 가중치만 틀림.",
    "check.suspectAt.layerGradient": "따라서 {0}층의 BP3과 BP4가 계산되지 않음: 기울기가 정확히 0.",
    "check.otherStep": "곡선에서 보듯 더 알맞은 h로는 차분이 일치함: --h auto를 쓰세요.",
    "check.resembles": "정확히 이 실수와 같음: {0}.",
    "check.brokenI": "가정 I이 깨짐: 손실 함수가 예제의 가중치를 쓰는지 확인하세요.",
    "check.brokenII": "가정 II가 깨짐: ∇ₐC가 손실 함수의 기울기인지 확인하세요.",
    "check.brokenRegularizer": "½λ‖W‖²의 기울기가 λW가 아님.",
    "check.suspicious": "틀리지는 않았지만 의심스러움: {0}.",
    "check.inconclusive":
      "틀린 것은 없지만 다음은 판정하지 못했습니다: {0}. 도함수가 차분으로 재기에\n너무 작거나, 어떤 h로도 꺾임점을 피할 수 없거나, θ 곁에서 C가 유한하지\n않습니다.",
    "check.notCaught": "일부러 낸 실수를 잡아내지 못했습니다.",
    "check.passed": "통과: 역전파와 차분이 일치하고, 두 가정이 성립.",
    "check.failed": "실패.",
  ]

  // MARK: whatif

  private static let whatIf: [String: String] = [
    "whatif.questions": "질문과 명령입니다. 뒤에 MODEL과 DATA를 적으면 내장 예제 대신 그것으로 실험합니다.",
    "whatif.shows.product": "손실이 예제별 손실의 곱이면: 가정 I이 깨짐",
    "whatif.shows.hidden-penalty": "손실이 은닉층을 보면: 가정 II가 깨짐",
    "whatif.shows.l2": "가중치에 벌칙항을 주면: BP4만 달라짐",
    "whatif.shows.mutants": "실수가 하나씩 든 역전파 일곱 개를 학습하고 검사",
    "whatif.shows.all": "위의 질문 모두",
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
      "가정 I이 깨짐: C는 예제별 손실의 합이 아닙니다. 그래도 곱의 미분법이\n기울기를 줍니다: ∂C/∂θ = Σ (∂C/∂Cₓ) (∂Cₓ/∂θ).",
    "whatif.product.naive": "C가 Cₓ의 합인 것처럼 네 식을 그대로 적용",
    "whatif.product.repaired": "δᴸ마다 ∂C/∂Cₓ = Π_{y≠x} C_y를 곱함 (예제의 가중치)",
    "whatif.logarithm.question": "로그를 취한다면, log Π Cₓ = Σ log Cₓ?",
    "whatif.logarithm.text": "로그는 곱을 합으로 바꿉니다: 손실 log Cₓ에 대해 가정 I이 다시\n성립합니다. 최소가 되는 곳은 곱과 같습니다.",
    "whatif.logarithm.naive": "Σ Cₓ에 대한 네 식",
    "whatif.logarithm.repaired": "δᴸ마다 ∂log Cₓ/∂Cₓ = 1/Cₓ를 곱함 (예제의 가중치)",
    "whatif.hidden-penalty.question": "손실이 은닉층을 본다면, C + ½λ‖aˡ‖²?",
    "whatif.hidden-penalty.text":
      "가정 II가 깨짐: {0}층이 aᴸ을 거치지 않고 C에 직접 닿습니다.\n연쇄 법칙은 그 길로 오는 몫을 더합니다.",
    "whatif.hidden-penalty.naive": "네 식을 그대로 적용",
    "whatif.hidden-penalty.repaired": "BP2에 항 하나를 더함: δˡ = ((Wˡ⁺¹)ᵀδˡ⁺¹ + wₓλaˡ) ⊙ σ′(zˡ)",
    "whatif.l2.question": "가중치에 벌칙을 준다면, C + ½λ‖W‖²?",
    "whatif.l2.text": "벌칙항은 활성화 값이 아니라 파라미터 자체에 의존합니다: 에러 δ는\n그대로이고 BP4에만 항이 더해집니다.",
    "whatif.l2.naive": "네 식을 그대로 적용",
    "whatif.l2.repaired": "BP4에 + λW를 더함",
    "whatif.leavesDelta": "모든 층의 δ가 벌칙항이 있든 없든 비트까지 같습니다.",
    "whatif.changesDelta": "벌칙항이 있을 때와 없을 때 δ가 다릅니다.",
    "whatif.naiveWrong": "그대로: 틀린 텐서 {0}",
    "whatif.naiveRight": "그대로: 여기서는 우연히 맞음",
    "whatif.repairRight": "고침: 모든 곳에서 차분과 일치",
    "whatif.repairWrong": "고침: 차분과 일치하지 않음",
    "whatif.mutants.question": "역전파에 실수가 있다면?",
    "whatif.mutants.text":
      "변이 일곱 개에 실수가 하나씩 있습니다. 모두 새로 뽑은 같은 가중치에서\n"
      + "출발해 같은 배치를 {0} 동안 학습률 {1}로 배웁니다. 정확도는 어떤\n"
      + "실수를 덮어 주지만, 기울기 검사는 하나도 놓치지 않습니다.",
    "whatif.column.before": "학습 전",
    "whatif.column.after": "학습 후",
    "whatif.column.loss": "손실",
    "whatif.column.failing": "틀린 텐서",
    "whatif.column.equations": "식",
    "whatif.metric": "학습 전, 학습 후: {0}; 손실: 학습 후; 나머지: 기울기 검사",
    "whatif.right": "역전파",
    "whatif.noneFailing": "없음",
    "whatif.same": "여기서는 같음",
    "whatif.mutant.bp2-no-transpose": "Wᵀ 대신 W를 쓴 BP2",
    "whatif.mutant.bp4-wrong-layer": "aˡ⁻¹ 대신 aˡ을 쓴 BP4",
    "whatif.mutant.first-layer-frozen": "첫 층의 BP3과 BP4를 빠뜨림",
    "whatif.mutant.bp2-no-derivative": "⊙ σ′(z)를 빠뜨린 BP2",
    "whatif.mutant.no-bp3": "BP3을 빠뜨림: 편향이 학습되지 않음",
    "whatif.mutant.softmax-diagonal": "소프트맥스 야코비 행렬의 대각 성분만 쓴 BP1",
    "whatif.mutant.sign-flipped": "δᴸ의 부호가 뒤집힌 BP1",
    "whatif.diverged":
      "여기서는 올바른 역전파도 발산했습니다. 학습률이 이 데이터에 너무 크므로 학습\n  결과는 아무것도 말해 주지 않습니다. --learning-rate를 낮추세요.",
    "whatif.passed": "모두 이론대로.",
    "whatif.failed": "이론과 다른 것이 있음.",
  ]

  // MARK: doctor

  private static let doctor: [String: String] = [
    "doctor.title": "{0} 진단",
    "doctor.scope": "{0}, 에러는 그중 {1}개로 측정",
    "doctor.dropoutOff": "드롭아웃을 끄고 측정합니다",
    "doctor.layer": "층",
    "doctor.activation": "활성화 함수",
    "doctor.ratio": "비율",
    "doctor.units": "뉴런",
    "doctor.dead": "{0} 죽음",
    "doctor.saturated": "{0} 포화",
    "doctor.legend.weights": "‖(Wˡ⁺¹)ᵀδˡ⁺¹‖ / ‖δˡ⁺¹‖: 위층의 가중치가 에러를 바꾼 배율",
    "doctor.legend.derivative": "‖δˡ‖ / ‖(Wˡ⁺¹)ᵀδˡ⁺¹‖: 이 층의 도함수가 에러를 바꾼 배율",
    "doctor.legend.ratio": "‖δˡ‖ / ‖δˡ⁺¹‖: 둘의 곱. 모든 층을 지나면 ‖δ²‖ / ‖δᴸ‖ = {0}",
    "doctor.legend.update": "‖ΔW‖ / ‖W‖: 시험 학습의 단계들에서 얻은 중앙값",
    "doctor.loss": "손실",
    "doctor.loss.start": "첫 단계 전 C = {0}, 무작위로 찍으면 {1}",
    "doctor.loss.now": "C = {0}",
    "doctor.first": "첫 단계",
    "doctor.first.change": "∇C·Δθ의 예측 {0}, C의 실제 변화 {1}",
    "doctor.trial": "시험 학습",
    "doctor.trial.rule": "{0}, 학습률 {1}, {3}씩 {2}",
    "doctor.trial.course": "C {0} → {1}",
    "doctor.trial.peak": "최대 {0}",
    "doctor.overfit": "외우기",
    "doctor.overfit.reached": "{0}: {1}, {2}",
    "doctor.score.accuracy": "정확도 {0}",
    "doctor.score.exactMatch": "모든 레이블이 맞은 비율 {0}",
    "doctor.score.r2": "R² {0}",
    "doctor.place": "{0}단계: {1}",
    "doctor.place.neuron": "{0}층, {1}번 뉴런",
    "doctor.place.example": "{0}층, {1}번 뉴런, {2}번 예제",
    "doctor.place.loss": "손실만 해당. 가장 큰 출력은 {0}",
    "doctor.mostLikely": "가장 유력한 원인: {0}",
    "doctor.noCause": "원인 하나로 밝혀지지 않았습니다. 아래 진단 결과의 첫 항목부터 살펴보세요.",
    "doctor.symptoms": "그 원인에서 나온 증상",
    "doctor.findings": "진단 결과",
    "doctor.cause.brokenWeights.title": "모델의 가중치에 수가 아닌 값이 있음",
    "doctor.cause.brokenWeights.advice": "새로 학습하세요.",
    "doctor.cause.equalWeights.title": "가중치가 모두 같은 값에서 시작해 뉴런이 서로 복사본임",
    "doctor.cause.equalWeights.advice":
      "가중치를 무작위로 시작하세요. --initializer를 빼면 활성화 함수에 맞게 무작위로 정해집니다.",
    "doctor.cause.unscaledInputs.title": "입력의 크기를 맞추지 않음 (1쯤이어야 하는데 {0}까지 있음)",
    "doctor.cause.unscaledInputs.advice":
      "입력을 표준화하세요. `train`은 표의 열을 스스로 표준화합니다.",
    "doctor.cause.largeRate.title": "학습률이 너무 큼 ({0}; {1} 값이라면 크지 않음)",
    "doctor.cause.largeRate.advice":
      "--learning-rate {1} 값으로 학습하거나 `backprop tune-rate`로 학습률을 찾으세요.",
    "doctor.cause.smallRate.title": "학습률이 너무 작음 ({0}; {1} 값이라면 작지 않음)",
    "doctor.cause.smallRate.advice":
      "--learning-rate {1} 값으로 학습하거나 `backprop tune-rate`로 학습률을 찾으세요.",
    "doctor.cause.initialWeights.title": "시작할 때 가중치의 크기가 알맞지 않음",
    "doctor.cause.initialWeights.advice":
      "활성화 함수에 맞는 가중치에서 시작하세요. --initializer나 --weights가 없으면 `create`와 `train`은 "
      + "가중치를 그렇게 정합니다.",
    "doctor.cause.penalties.title": "벌칙항이나 감쇠가 가중치를 억누름",
    "doctor.cause.penalties.advice":
      "--l2, --l1, --weight-decay를 낮추거나 --max-norm을 높이세요. 이것들이 없으면 새로 시작한 복사본은 훨씬 더 배웁니다.",
    "doctor.cause.clipping.title": "기울기를 거의 남지 않을 만큼 잘라 냄",
    "doctor.cause.clipping.advice":
      "--clip-norm이나 --clip-value를 높이세요. 이것들이 없으면 새로 시작한 복사본은 배웁니다.",
    "doctor.cause.dropout.title": "학습할 때 출력을 너무 많이 끔 (드롭아웃 {0})",
    "doctor.cause.dropout.advice": "--dropout을 낮추세요. 드롭아웃이 없으면 새로 시작한 복사본은 훨씬 더 배웁니다.",
    "doctor.cause.shortRun.title": "학습이 너무 짧았음 (새로 시작한 복사본은 {0}단계 만에 배움)",
    "doctor.cause.shortRun.advice": "--epochs를 높이세요.",
    "doctor.cause.saturatingLayers.title":
      "sigmoid나 tanh 은닉층({0})을 내려오며 에러가 사라짐",
    "doctor.cause.saturatingLayers.advice":
      "relu처럼 켜져 있을 때 도함수가 1인 활성화 함수를 쓰거나 층을 줄이세요.",
    "doctor.cause.outputPair.title": "손실 함수와 출력 활성화 함수가 서로 맞지 않음",
    "doctor.cause.outputPair.advice":
      "σ′이 약분되는 짝을 쓰세요: softmax와 cross-entropy, sigmoid와 binary-cross-entropy, "
      + "identity와 squared-error.",
    "doctor.cause.unrelatedTargets.title": "새로 시작한 복사본이 {0}단계 동안 입력에서 아무것도 배우지 못함",
    "doctor.cause.unrelatedTargets.advice":
      "예제 몇 개는 외울 수 있지만, 처음 보는 예제에서는 새로 시작한 어떤 복사본도 상수보다 낫지 않았습니다. 배우기 가장 "
      + "쉬운 설정의 신경망도 마찬가지였습니다. 행과 정답이 서로 짝이 맞는지, 더 많은 것을 말해 줄 열이 있는지 살펴보세요.",
    "doctor.advice.inputs": "입력을 표준화하세요.",
    "doctor.none": "이상 없음: 여기서 판정하는 측정값은 모두 기준 안에 있습니다.",
    "doctor.none.trained":
      "C는 모델이 학습한 행까지 포함한 모든 행의 값입니다. 다른 행에서 어떤지는 `evaluate`로 알 수 있습니다.",
    "doctor.error": "오류",
    "doctor.warning": "경고",
    "doctor.info": "참고",
    "doctor.where": "위치",
    "doctor.value": "측정값",
    "doctor.threshold": "기준값",
    "doctor.source": "출처",
    "doctor.todo": "할 일",
    "doctor.inLayer": "{0}층: {1}",
    "doctor.thresholds": "기준값 (--threshold 이름=값으로 바꿉니다)",
    "doctor.name": "이름",
    "doctor.meaning": "뜻",
    "doctor.nonFinite.title": "유한하지 않은 수",
    "doctor.nonFinite.advice":
      "0단계라면 가중치와 데이터에서 지나치게 크거나 잘못된 수를 찾으세요. 그 뒤라면 단계의 폭이 너무 큰 "
      + "것이니, 우선 학습률을 10분의 1로 낮추세요.",
    "doctor.divergence.title": "발산",
    "doctor.divergence.advice":
      "첫 단계부터 C가 줄어들 때까지 학습률을 3분의 1에서 10분의 1씩 낮추세요. 어떤 학습률에서도 발산하면 "
      + "가중치의 초깃값을 살펴보세요.",
    "doctor.symmetry.title": "서로 같은 뉴런(대칭)",
    "doctor.symmetry.advice":
      "가중치를 무작위로 초기화하세요(예: --initializer xavier-uniform). 가중치와 에러가 같은 뉴런들은 "
      + "기울기도 같아서 언제까지나 서로의 복사본으로 남습니다.",
    "doctor.cannotOverfit.title": "예제 몇 개도 외우지 못함",
    "doctor.cannotOverfit.advice":
      "다른 무엇보다 먼저 고치세요. 함께 나온 다른 진단, 입력과 짝이 맞지 않는 정답, 너무 좁은 층을 "
      + "살펴보세요.",
    "doctor.constantAnswers.title": "상수보다 나을 것 없는 답",
    "doctor.constantAnswers.advice":
      "신경망이 입력에서 아무것도 배우지 못했습니다. 어떻게 학습했는지, 행과 정답이 서로 짝이 맞는지 살펴보세요.",
    "doctor.vanishingError.title": "기울기 소실",
    "doctor.vanishingError.advice":
      "에러가 내려오며 사라져 입력 쪽 층이 거의 학습하지 못합니다. relu처럼 켜져 있을 때 도함수가 1인 활성화 함수를 "
      + "쓰거나 층을 줄이세요.",
    "doctor.vanishingError.advice.weights":
      "에러가 내려오며 사라져 입력 쪽 층이 거의 학습하지 못합니다. 더 큰 가중치에서 시작하거나 층을 줄이세요.",
    "doctor.explodingError.title": "기울기 폭발",
    "doctor.explodingError.advice":
      "더 작은 가중치에서 시작하거나 학습률을 낮추세요.",
    "doctor.deadUnits.title": "죽은 ReLU 뉴런",
    "doctor.deadUnits.advice":
      "모든 예제에서 0을 내므로 에러가 지나가지 못하고 다시는 학습하지 못합니다. 학습률을 낮추어 새로 시작하거나 "
      + "leaky-relu, elu, gelu를 쓰세요.",
    "doctor.deadUnits.advice.last":
      "모든 예제에서 0을 내므로 에러가 지나가지 못하고 다시는 학습하지 못합니다. 손실 함수에 맞는 출력 활성화 "
      + "함수를 쓰세요: 수에는 identity, 클래스에는 softmax.",
    "doctor.saturatedUnits.title": "포화된 뉴런",
    "doctor.saturatedUnits.advice":
      "σ′이 0에 가까우면 에러가 거의 지나가지 못합니다. 더 작은 가중치에서 시작하거나, 학습률을 낮추거나, relu를 "
      + "쓰세요.",
    "doctor.saturatedUnits.advice.last":
      "틀린 출력인데 σ′이 0에 가까워 에러가 거의 지나가지 못합니다. σ′이 약분되는 출력 활성화 함수와 손실 함수의 "
      + "짝을 쓰세요: 클래스에는 교차 엔트로피, 수에는 identity.",
    "doctor.stepTooLarge.title": "너무 큰 단계 폭",
    "doctor.stepTooLarge.advice":
      "C가 기울기의 예측보다 훨씬 덜 줄거나 오히려 늘어납니다. 한 단계가 기울기가 맞는 범위를 벗어난 것입니다. "
      + "학습률을 낮추세요.",
    "doctor.updateTooLarge.title": "너무 큰 갱신",
    "doctor.updateTooLarge.advice":
      "한 단계에 가중치가 천분의 일쯤 바뀌는 것이 알맞습니다. 학습률을 낮추세요. 한 층만 나왔다면 그 층의 가중치가 "
      + "처음에 너무 작은 것일 수 있습니다.",
    "doctor.updateTooSmall.title": "너무 작은 갱신",
    "doctor.updateTooSmall.advice":
      "한 단계에 가중치가 천분의 일쯤 바뀌는 것이 알맞습니다. 이미 다 배운 것이 아니라면 학습률을 높이세요. 아래층만 "
      + "나왔다면 기울기 소실입니다.",
    "doctor.lossAtStart.title": "찍는 것과 다른 초기 손실",
    "doctor.lossAtStart.advice":
      "아무것도 배우지 않은 신경망은 모든 답을 거의 같은 확률로 보아야 합니다. 마지막 층을 더 작은 가중치에서 "
      + "시작하세요.",
    "doctor.threshold.vanishingRatio": "‖δˡ‖ / ‖δˡ⁺¹‖의 하한 …",
    "doctor.threshold.vanishingTotal": "… ‖δ²‖ / ‖δᴸ‖가 이보다 작을 때",
    "doctor.threshold.explodingRatio": "‖δˡ‖ / ‖δˡ⁺¹‖의 상한 …",
    "doctor.threshold.explodingTotal": "… ‖δ²‖ / ‖δᴸ‖가 이보다 클 때",
    "doctor.threshold.updateLarge": "한 단계의 ‖ΔW‖ / ‖W‖ 상한",
    "doctor.threshold.updateSmall": "한 단계의 ‖ΔW‖ / ‖W‖ 하한",
    "doctor.threshold.deadShare": "한 층에서 죽은 뉴런의 비율 상한",
    "doctor.threshold.saturatedDerivative": "포화로 보는 σ′ (최댓값에 대한 비)",
    "doctor.threshold.saturatedShare": "한 층에서 포화된 출력의 비율 상한",
    "doctor.threshold.symmetricShare": "한 층에서 같은 뉴런의 비율 상한",
    "doctor.threshold.changeRatio": "C의 실제 변화 / 예측 변화의 하한",
    "doctor.threshold.lossRise": "시험 학습의 최대 C / 시작할 때 C의 상한",
    "doctor.threshold.lossAtStart": "찍을 때의 손실과의 상대 거리 상한",
    "doctor.threshold.constantShare": "C / 가장 나은 상수 답의 C의 상한",
    "doctor.threshold.inputSize": "입력 하나의 제곱 평균 제곱근의 상한",
    "doctor.threshold.overfitAccuracy": "예제 몇 개에서 얻을 정확도 하한",
    "doctor.threshold.overfitR2": "예제 몇 개에서 얻을 R² 하한",
  ]
}
