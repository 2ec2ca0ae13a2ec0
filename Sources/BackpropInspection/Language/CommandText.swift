import Backprop

/// A text in every language: one that lacks any does not compile.
package struct Text: Sendable {
  let english: String
  let korean: String

  /// - Parameters: The places of arguments are {0}, {1}, … in each.
  init(_ english: String, _ korean: String) {
    self.english = english
    self.korean = korean
  }
}

/// Something that is counted.
package struct Noun: Sendable {
  let singular: String
  var plural: String?
  /// With {0} for the number.
  let korean: String
}

extension Language {
  /// A text with its arguments.
  package func text(_ text: Text, _ arguments: String...) -> String {
    switch self {
    case .english: Self.fill(text.english, arguments)
    case .korean: Self.fill(text.korean, arguments)
    }
  }

  /// "1 row", "2 rows"; "2행".
  package func count(_ value: Int, _ noun: Noun) -> String {
    switch self {
    case .english: Format.count(value, noun.singular, plural: noun.plural)
    case .korean: Self.fill(noun.korean, [Format.count(value)])
    }
  }
}

extension Noun {
  package static let row = Noun(singular: "row", korean: "{0}행")
  package static let column = Noun(singular: "column", korean: "열 {0}개")
  package static let input = Noun(singular: "input", korean: "입력 {0}개")
  package static let example = Noun(singular: "example", korean: "예제 {0}개")
  package static let classes = Noun(singular: "class", plural: "classes", korean: "클래스 {0}개")
  package static let parameter = Noun(singular: "parameter", korean: "파라미터 {0}개")
  package static let epoch = Noun(singular: "epoch", korean: "{0}에폭")
  static let step = Noun(singular: "step", korean: "{0}단계")
  static let hiddenLayer = Noun(singular: "hidden layer", korean: "{0}개")
  static let entry = Noun(singular: "entry", plural: "entries", korean: "{0}개")
  static let sample = Noun(singular: "bootstrap sample", korean: "부트스트랩 표본 {0}개")
}

// MARK: Of several commands

extension Text {
  package static let regression = Text("regression", "회귀")
  package static let classification = Text("classification", "분류")
  package static let multiLabel = Text("multi-label", "다중 레이블")
  package static let mean = Text("mean", "평균")
  package static let sum = Text("sum", "합")
  package static let loss = Text("loss", "손실")
  package static let layer = Text("layer", "층")
  package static let columnsAsInputs = Text("{0} as {1}", "{0} → {1}")
  package static let batches = Text("batches of {0}", "배치마다 예제 {0}개")
  package static let allExamples = Text("all examples a step", "단계마다 모든 예제")
  package static let weightColumn = Text("column {0}", "열 {0}")
  package static let weightsOfClasses = Text("classes {0}", "클래스 {0}")
  package static let dropout = Text("dropout {0}", "드롭아웃 {0}")
  package static let inputNoise = Text("input noise {0}", "입력 잡음 {0}")
  package static let inputDropout = Text("input dropout {0}", "입력 드롭아웃 {0}")
  package static let categoryDropout = Text("category dropout {0}", "범주 드롭아웃 {0}")
  package static let labelSmoothing = Text("label smoothing {0}", "레이블 스무딩 {0}")
  package static let mixup = Text("mixup {0}", "mixup {0}")
}

// MARK: train

extension Text {
  package static let reading = Text("reading {0} …", "{0} 읽는 중 …")
  package static let data = Text(
    "{0}: {1}, {2}; target {3} ({4})", "{0}: {1}, {2}; 목표 {3} ({4})")
  /// The metric is introduced where the lines of the epochs would have no room for two names.
  package static let run = Text(
    "network {0} ({1}), {2}; {3}, {4}, {5}, {6}",
    "신경망 {0} ({1}), {2}; 손실 함수 {3}, 지표 {7}; {4}, {5}, {6}")
  package static let weightsOfRun = Text(
    "weights: {0}; {1} on average", "예제 가중치: {0}; 평균 {1}")
  package static let goingOn = Text(
    "going on from {0}: epoch {1}, step {2}", "{0}에서 이어 합니다: {1}에폭, {2}단계")
  package static let savedWithoutOutput = Text(
    "without -o the model will be saved in {0}", "-o가 없어 모델은 {0}에 저장됩니다")
  package static let epoch = Text("epoch {0}/{1}", "에폭 {0}/{1}")
  package static let heldOutLoss = Text("held-out loss", "검증 손실")
  package static let heldOutMetric = Text("held-out {0}", "검증 {0}")
  package static let examplesPerSecond = Text("{0} examples/s", "초당 예제 {0}개")
  package static let perSecond = Text("{0}/s", "초당 {0}")
  package static let timeLeft = Text("{0} left", "{0} 남음")
  package static let heldOut = Text("held out", "검증")
  package static let nothingHeldOut = Text("nothing was held out", "떼어 둔 것이 없음")
  package static let training = Text("training", "학습")
  package static let test = Text("test", "시험")
  package static let baseline = Text("baseline", "기준선")
  package static let outOfFold = Text("folds", "폴드")
  package static let memberShown = Text(
    "note: this is network {0} of {1}, whose mean is the model; --member takes another",
    "알림: 이 모델은 신경망 {1}개의 평균이며 이것은 그중 {0}번입니다. 다른 것은 --member로 고릅니다")
  package static let predictionInterval = Text("interval", "예측 구간")
  package static let intervalOfFolds = Text(
    "{0} by CV+ on {1}: usually holds about that share of new rows, and is proved for about {2}",
    "{0}, {1}의 CV+: 새 행을 대개 그 비율만큼 담고, {2}쯤까지 증명되어 있습니다")
  package static let intervalOfTest = Text(
    "{0} by split conformal prediction on {1} of the test: holds at least that share of new rows",
    "{0}, 시험 {1}의 분할 등각 예측: 새 행을 적어도 그 비율만큼 담습니다")
  package static let intervalHeld = Text(
    "of {0} here {1} lie inside, mean width {2}",
    "여기 {0} 중 {1}가 안에 있고 평균 너비는 {2}입니다")
  package static let judgedByMembers = Text(
    "each row judged by the member that did not learn from it, whose epoch and temperature it helped to choose",
    "각 행은 그 행을 배우지 않은 구성원이 평가하며, 그 구성원의 에폭과 온도를 고르는 데 쓰였습니다")
  package static let bestEpochsOfMembers = Text(
    "best epochs of the members: {0}", "구성원의 가장 좋은 에폭: {0}")
  package static let testChoosesNothing = Text(
    "; --test 0.2 sets rows apart that choose nothing",
    "; --test 0.2는 아무것도 고르지 않는 행을 떼어 둡니다")
  package static let chosenByHeldOut = Text(
    "these rows chose the epoch, which flatters them; --test 0.2 sets rows apart that choose nothing",
    "이 행들이 에폭을 골랐으므로 점수가 후합니다; --test 0.2는 아무것도 고르지 않는 행을 떼어 둡니다")
  package static let choseNothing = Text("{0}, which chose nothing", "{0}, 아무것도 고르지 않은 행")
  package static let learnedFrom = Text("{0}, which were learned from", "{0}, 배운 행")
  package static let andNothingHeldOut = Text("; nothing was held out", "; 떼어 둔 것이 없음")
  package static let scoresCountOnce = Text(
    "every row counts once here, whatever it weighed in training",
    "여기서는 학습의 가중치와 상관없이 모든 행을 한 번씩 셈")
  package static let alwaysClass = Text("always {0}", "언제나 {0}")
  package static let alwaysMean = Text("always the mean of training", "언제나 학습 행의 평균")
  package static let alwaysLabels = Text(
    "each label as most rows of training have it", "레이블마다 학습 행 대부분의 값")
  package static let baselineOf = Text("{0}: {1}", "{0}: {1}")
  package static let notBeaten = Text(
    "the model does not beat it in {0}", "모델이 {0}에서 기준선을 넘지 못합니다")
  package static let classesNotBeaten = Text(
    "the model beats it in the loss, and not by the classes that it names: rare ones are seldom likely "
      + "enough; of two, evaluate --threshold best-f1 names them sooner",
    "손실에서는 기준선을 넘지만 고른 클래스로는 넘지 못합니다: 드문 클래스는 확률이 높은 일이 드뭅니다; 둘일 때는 "
      + "evaluate --threshold best-f1이 더 일찍 고릅니다")
  package static let labelsNotBeaten = Text(
    "the model beats it in the loss, and not by the labels that it names: rare ones are seldom likely "
      + "enough",
    "손실에서는 기준선을 넘지만 고른 레이블로는 넘지 못합니다: 드문 레이블은 확률이 높은 일이 드뭅니다")
  package static let lookForCause = Text("; look for the cause: {0}", "; 원인을 찾으려면: {0}")
  package static let and = Text(" and ", ", ")
  package static let saved = Text("saved", "저장")
  package static let next = Text("next", "다음")
  package static let onExamples = Text("{0} on {1}", "{0} ({1})")
  package static let bestEpoch = Text("best epoch", "최고 에폭")
  package static let epochsOf = Text(" of {0}", " (전체 {0})")
  package static let stoppedEarly = Text(
    ", stopped early after epoch {0}", ", {0}에폭 뒤에 조기 종료")
  package static let ofTraining = Text(
    "{0} in epoch {1}; nothing was held out", "{0} ({1}에폭); 떼어 둔 것이 없음")
  package static let interrupted = Text(
    "interrupted: {0} is saved in {1}", "중단됨: {0}, 저장한 곳 {1}")
  package static let bestSoFar = Text(
    "the best model so far (epoch {0})", "지금까지 가장 좋은 모델({0}에폭)")
  package static let modelAfterStep = Text(
    "the model as it was after step {0}, before the first epoch was finished,",
    "첫 에폭이 끝나기 전 {0}단계 뒤의 모델")
  package static let goOnWith = Text("; go on with {0}", "; 이어 하려면 {0}")
  package static let fold = Text("fold {0}", "폴드 {0}")
  package static let goingOnWithNetworks = Text(
    "going on from {0} with networks {1} of {2}", "{0}에서 이어 합니다: 신경망 {2}개 중 {1}번")
  package static let networksSoFar = Text(
    "the mean of the {0} of {1} networks that had finished an epoch",
    "에폭을 마친 신경망 {1}개 중 {0}개의 평균")
  package static let interruptedFold = Text(
    "interrupted in fold {0} of {1}; nothing is saved",
    "폴드 {0}/{1}에서 중단됨; 저장한 것이 없음")
  package static let foldResult = Text(
    "fold {0}/{1}: {2} on {3}, epoch {4}", "폴드 {0}/{1}: {2} ({3}), {4}에폭")
  package static let metric = Text("metric", "지표")
  package static let deviation = Text("sd", "표준편차")
  package static let least = Text("least", "최소")
  package static let greatest = Text("greatest", "최대")
  package static let examples = Text("examples", "예제")
  package static let ofFolds = Text(
    "mean and sample standard deviation (n − 1) over {0} folds",
    "폴드 {0}개의 평균과 표본 표준편차(n − 1)")
  static let diagnosis = Text("diagnosis {0}", "진단 {0}")
  static let dead = Text("dead {0}", "죽음 {0}")
  static let saturated = Text("saturated {0}", "포화 {0}")
  static let inLayer = Text(" in layer {0}", " ({0}층)")
  static let inLayers = Text(" in layers {0}", " ({0}층)")
  static let learningCurves = Text("learning curves", "학습 곡선")
  static let validation = Text("validation", "검증")
  static let epochs = Text("epoch", "에폭")
  static let lossWithoutPenalties = Text("loss without penalties", "벌칙항을 뺀 손실")
  static let logScale = Text("{0} (log scale)", "{0} (로그 눈금)")
}

// MARK: evaluate

extension Text {
  static let rows = Text("rows", "행")
  static let rowsOfTraining = Text(
    "those that the model was trained on, which flatters it", "모델이 배운 행이라 점수가 후함")
  static let rowsOfParts = Text("; see {0}", "; {0} 참고")
  static let rowsLearned = Text("the part that was learned from", "배운 부분")
  static let rowsHeldOut = Text(
    "the part that chose the epoch, which flatters it", "에폭을 고른 부분이라 점수가 후함")
  static let rowsOfTest = Text("the part that chose nothing", "아무것도 고르지 않은 부분")
  static let rowsCountOnce = Text(
    "none: every row counts once (--weighted for those of training: {0})",
    "없음: 모든 행을 한 번씩 셈 (학습의 가중치는 --weighted: {0})")
  static let positiveClass = Text("positive", "양성")
  static let rarest = Text("{0}, the rarest in training", "{0}, 학습에서 가장 드문 클래스")
  static let aboveThreshold = Text("{0}, above {1}", "{0}, {1} 초과일 때")
  static let chosenForF1 = Text(
    ", chosen for the best F1 of these rows, which flatters it",
    ", 이 행들의 F1이 가장 높도록 고른 값이라 점수가 후함")
  static let clippedLogLoss = Text(
    "{0} above the log loss, which takes no probability for 0",
    "확률을 0으로 보지 않는 로그 손실보다 {0} 큼")
  static let rocCurve = Text("ROC curve", "ROC 곡선")
  static let calibration = Text("calibration", "보정(calibration)")
  static let falsePositives = Text("others taken for {0}", "{0}(으)로 본 나머지")
  static let truePositives = Text("{0} that are found", "찾아낸 {0}")
  static let predictedShare = Text("probability of {0}", "{0}의 확률")
  static let actualShare = Text("share that is {0}", "실제 {0}의 비율")
  package static let weights = Text("weights", "예제 가중치")
  static let lossOfData = Text("{0} ({1}{2})", "{0}, {1}{2}")
  static let perExample = Text(
    " per example; weights average {0}", ", 예제당; 가중치 평균 {0}")
  static let interval = Text(
    "[95 % interval: {0} of the rows, seed {1}]", "[95 % 구간: 행의 {0}, 시드 {1}]")
  static let classHeading = Text("class", "클래스")
  static let labelHeading = Text("label", "레이블")
  static let precision = Text("precision", "정밀도(precision)")
  static let recall = Text("recall", "재현율(recall)")
  static let weight = Text("weight", "가중치")
  static let support = Text("support", "예제 수(support)")
  static let confusion = Text("actual ↓ predicted →", "실제 ↓ 예측 →")
  static let sumsOfWeights = Text(" (sums of weights)", " (가중치의 합)")
}

// MARK: create, inspect

extension Text {
  package static let created = Text("saved {0}: {1}, {2}", "{0}에 저장함: {1}, {2}")
  package static let network = Text("network", "신경망")
  package static let members = Text("networks", "신경망 수")
  package static let memberSettings = Text("settings", "설정")
  package static let parameters = Text("parameters", "파라미터")
  package static let inputs = Text("inputs", "입력")
  package static let target = Text("target", "목표")
  package static let labels = Text("labels", "레이블")
  package static let trainedBy = Text("trained by", "학습 방법")
  package static let noise = Text("noise", "잡음")
  package static let penalties = Text("penalties", "벌칙항")
  package static let updates = Text("updates", "갱신")
  package static let overBatch = Text("{0}, {1} over a batch", "{0}, 배치의 {1}")
  package static let numbersAsTheyAre = Text("{0} numbers as they are", "수 {0}개 그대로")
  package static let runOf = Text(
    "{0}, learning rate {1}, {2}, {3}, {4}, seed {5}", "{0}, 학습률 {1}, {2}, {3}, {4}, 시드 {5}")
  package static let noiseInTraining = Text("{0} in training", "학습할 때 {0}")
  package static let nobody = Text("nobody yet", "아직 없음")
  package static let outputs = Text("outputs", "출력")
  package static let activation = Text("activation", "활성화 함수")
  package static let dropoutHeading = Text("dropout", "드롭아웃")
  package static let feature = Text(
    "{0}: mean {1}, deviation {2}", "{0}: 평균 {1}, 표준편차 {2}")
  package static let robustFeature = Text(
    "{0}: median {1}, quartiles {2} apart, outliers drawn in",
    "{0}: 중앙값 {1}, 사분위수 간격 {2}, 벗어난 값은 안으로 당김")
  package static let plan = Text("plan: recipe {0}, {1}", "계획: 방법 {0}, {1}")
  package static let planTable = Text("for {0} of {1}", "{0}, {1}이므로")
  package static let planFewRows = Text(
    "for {0}: under {1} a small network is safer", "{0}: {1}개보다 적으면 작은 네트워크가 안전함")
  package static let planPixels = Text("for images of {0} pixels", "화소가 {0}개인 그림이므로")
  package static let planLabels = Text(
    "for {0} labels at a time; that for tables is for one target of classes, or for numbers",
    "레이블이 한 번에 {0}개이므로 (표를 위한 방법은 분류 하나나 수를 위한 것임)")
  package static let planRule = Text(
    "for the optimizer {0}; that for tables is made for Adam's family",
    "최적화 방법이 {0}이므로 (표를 위한 방법은 Adam 계열을 위한 것임)")
  package static let planNoTime = Text(
    "for the time is too short for anything else", "시간이 다른 것을 하기에는 너무 짧으므로")
  package static let planNoSearch = Text(
    "plan: --time tries no other settings, for that takes several networks (so no --members 1, --validation, --checkpoint or --variants) and a setting that is not given",
    "계획: --time이 다른 설정을 시험하지 않음. 그러려면 네트워크가 여럿이고(--members 1, --validation, --checkpoint, --variants 없이) 주어지지 않은 설정이 있어야 함"
  )
  package static let planMembers = Text(
    "plan: {0} networks, each learns from all rows but a fold of its own, which chooses its best epoch; a prediction is their mean",
    "계획: 네트워크 {0}개. 저마다 제 폴드를 뺀 모든 행에서 배우고 그 폴드로 가장 좋은 에폭을 고름. 예측은 이들의 평균")
  package static let planOneRun = Text(
    "plan: one network, and not several, because of {0}", "계획: {0} 때문에 여럿이 아닌 네트워크 하나")
  package static let planHeavyTails = Text(
    "plan: heavy tails of {0}: a hundredth of the rows lie over {1} quartile distances from the median, so the quantiles became those of a normal distribution",
    "계획: {0}의 두꺼운 꼬리: 행의 100분의 1이 중앙값에서 사분위수 간격의 {1}배 넘게 떨어져 있어 분위수를 정규 분포의 것으로 바꿈")
  package static let planMore = Text(
    "plan: more time would buy {1} networks of width {0}: --time {2}s",
    "계획: 시간이 더 있으면 너비 {0}의 네트워크 {1}개: --time {2}s")
  package static let planSearch = Text(
    "plan: more time would try other widths, rates, dropout and decay, and keep what is best together: --time {0}s",
    "계획: 시간이 더 있으면 다른 너비, 학습률, 드롭아웃, 감쇠를 시험해 함께 가장 좋은 것을 씀: --time {0}s")
  package static let trial = Text(
    "trial {0}: {1} out of fold ({2}); best so far trial {4}: {3}",
    "시도 {0}: 폴드 밖 {1} ({2}); 지금까지 가장 좋은 것 시도 {4}: {3}")
  package static let codedFeature = Text(
    "{0}: {1}, each with a learned entry, and one for what training did not see",
    "{0}: {1}. 저마다 배운 항목이 있고, 학습에서 보지 못한 것의 항목도 있음")
  package static let missingEntry = Text(", and one for what is missing", ", 결측값의 항목도 있음")
  package static let mappedFeature = Text(
    "{0}: median {1}, heavy tails (a hundredth of the rows lie over {2} quartile distances away), so that its quantiles became those of a normal distribution",
    "{0}: 중앙값 {1}, 꼬리가 두꺼워(행의 100분의 1이 사분위수 간격의 {2}배 넘게 떨어져 있음) 분위수를 정규 분포의 것으로 바꿈")
  package static let regularizationFalls = Text(
    "dropout and decay fall in the second half", "드롭아웃과 감쇠는 뒤쪽 절반에서 줄어듦")
  package static let ordinarySteps = Text(
    "note: the model is in NTK form, which changes the steps of training alone; the update that is shown is that of its weights as they are",
    "알림: 이 모델은 NTK 꼴이며, 그것은 학습의 갱신만 바꿉니다. 여기 보이는 갱신은 가중치를 있는 그대로 본 것입니다")
  package static let ntkForm = Text(
    "NTK form: biases and slopes a tenth as fast, input factors six times",
    "NTK 꼴: 편향과 기울기는 10분의 1, 입력 인수는 여섯 배 빠르게")
  package static let missingInput = Text(
    ", with an input that says it is missing", ", 값이 없음을 알리는 입력 포함")
  package static let category = Text("{0}: {1}", "{0}: {1}")
  package static let booleanFeature = Text(
    "{0}: 0 for {1}, 1 for {2}, mean {3}", "{0}: {1} 0, {2} 1, 평균 {3}")
  package static let dateFeature = Text("{0}: {1} of a date", "{0}: 날짜의 {1}")
  package static let pixels = Text(
    "{0} pixels, divided by {1}", "픽셀 {0}개, {1}(으)로 나눔")
  package static let ofWholeBatch = Text(
    ", λ = {0} for a whole batch", ", 배치 전체에 λ = {0}")
  package static let decay = Text("decoupled decay {0}", "분리된 감쇠 {0}")
  package static let accumulated = Text("{0} batches an update", "배치 {0}개마다 갱신")
  package static let exponentialAverage = Text("EMA of decay {0}", "감쇠 {0}인 EMA")
  package static let stochasticAverage = Text(
    "SWA from {0} of the epochs on", "에폭의 {0}부터 SWA")
  package static let rateFactors = Text(
    "rate factors (weights/biases) {0}", "학습률 배수(가중치/편향) {0}")
  package static let biasesDecay = Text("biases decay too", "편향도 감쇠")
  package static let momentum = Text("momentum {0} – {1}", "모멘텀 {0} – {1}")
}

// MARK: tune-rate

extension Text {
  static let falls = Text("falls", "줄어듦")
  static let doesNotFall = Text("does not fall", "줄지 않음")
  static let rangeTest = Text("range test (Smith 2017)", "범위 시험 (Smith 2017)")
  static let rate = Text("rate", "학습률")
  static let smoothedLoss = Text("smoothed loss", "평활화한 손실")
  static let settles = Text("settles at", "안정되는 곳")
  static let steepest = Text("falls most steeply at", "가장 가파르게 줄어드는 곳")
  static let lowest = Text("is lowest at", "가장 낮은 곳")
  static let ends = Text("ends at", "끝난 곳")
  static let explodes = Text("explodes at", "폭발하는 곳")
  static let thresholdSearch = Text(
    "threshold search (Nielsen 2015, ch. 3)", "한계 찾기 (Nielsen 2015, 3장)")
  static let before = Text("before", "시작 전")
  static let part = Text("part {0}", "구간 {0}")
  static let proposed = Text("proposed", "제안")
  static let none = Text("none", "없음")
  static let smallerOf = Text(
    "the smaller of {0} × the rate of the lowest loss and {1} × the threshold",
    "손실이 가장 낮은 학습률의 {0}배와 한계의 {1}배 가운데 작은 쪽")
  static let learningRate = Text("learning rate", "학습률")
  package static let drawn = Text("drawn", "그림")
}
