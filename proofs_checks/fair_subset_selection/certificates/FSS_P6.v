(* fair_subset_selection/FSS-P6: Sums of the largest are concave. The sum top_t(s) of the t largest of some real
   scores s is at least t/t' times top_t'(s), the sum of the t' largest, for all t <= t'. Of every vector of real
   scores, of any length: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Fixpoint descending (scores : list R) : Prop :=
  match scores with
  | a :: ((b :: _) as rest) => b <= a /\ descending rest
  | _ => True
  end.

Definition sum (scores : list R) : R := fold_right Rplus 0 scores.

(* scores from the largest on, and the sum of the t largest, of u in all or fewer *)
Definition hypotheses (scores : list R) (t u : nat) (top : R) : Prop :=
  descending scores /\ (t <= u)%nat /\ (1 <= u)%nat /\ (u <= length scores)%nat /\ top = sum (firstn t scores).

Definition lhs (scores : list R) (t u : nat) (top : R) : R :=
  IZR (Z.of_nat t) / IZR (Z.of_nat u) * sum (firstn u scores).

Definition rhs (scores : list R) (t u : nat) (top : R) : R := top.

Definition claim : Prop := forall scores t u top, hypotheses scores t u top -> lhs scores t u top <= rhs scores t u top.

(* --- proof --- *)

Ltac holds := unfold hypotheses, sum; simpl; repeat split; try lia; lra.

Ltac impossible := unfold sum; simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs, sum; simpl; lra].

(* --- theorem --- *)

Lemma first_largest : forall scores a, descending (a :: scores) -> forall i, nth i scores a <= a.
Proof.
  induction scores as [|b scores IH]; intros a D i; destruct i; simpl; try lra; destruct D as [H D]; [exact H|].
  assert (X := IH b D i). destruct (Nat.lt_ge_cases i (length scores)) as [L|L].
  - rewrite (nth_indep scores a b L). lra.
  - rewrite nth_overflow by exact L. lra.
Qed.

Lemma rest_descends : forall a scores, descending (a :: scores) -> descending scores.
Proof. intros a [|b scores] D; [exact I | apply D]. Qed.

Lemma sum_next : forall scores u, (u < length scores)%nat -> sum (firstn (S u) scores) = sum (firstn u scores) + nth u scores 0.
Proof.
  induction scores as [|a scores IH]; intros u L; simpl in L; [lia|]. destruct u; simpl; [lra|].
  assert (X := IH u ltac:(lia)). simpl in X. unfold sum in *. simpl in *. rewrite X. lra.
Qed.

(* each of the t largest is at least as large as one that comes later *)
Lemma later : forall scores, descending scores -> forall t u, (t <= u)%nat -> (u < length scores)%nat ->
  IZR (Z.of_nat t) * nth u scores 0 <= sum (firstn t scores).
Proof.
  induction scores as [|a scores IH]; intros D t u T L; simpl in L; [lia|]. destruct t; [simpl; lra|].
  destruct u; [lia|]. change (nth (S u) (a :: scores) 0) with (nth u scores 0).
  change (firstn (S t) (a :: scores)) with (a :: firstn t scores). unfold sum. simpl fold_right. fold (sum (firstn t scores)).
  assert (X := IH (rest_descends _ _ D) t u ltac:(lia) ltac:(lia)).
  assert (Y := first_largest scores a D u). rewrite (nth_indep scores a 0) in Y by lia.
  rewrite Nat2Z.inj_succ, succ_IZR. lra.
Qed.

Lemma concave : forall scores, descending scores -> forall t d, (t + d <= length scores)%nat ->
  IZR (Z.of_nat t) * sum (firstn (t + d) scores) <= IZR (Z.of_nat (t + d)) * sum (firstn t scores).
Proof.
  intros scores D t d. induction d as [|d IH]; intro L; [rewrite Nat.add_0_r; lra|].
  assert (X := IH ltac:(lia)). rewrite Nat.add_succ_r in *. rewrite sum_next by lia.
  assert (Y := later scores D t (t + d)%nat ltac:(lia) ltac:(lia)).
  rewrite Nat2Z.inj_succ, succ_IZR. lra.
Qed.

Theorem certified : claim.
Proof.
  intros scores t u top [D [T [U [L ->]]]]. unfold lhs, rhs.
  assert (P : 0 < IZR (Z.of_nat u)) by (apply IZR_lt; lia).
  assert (X := concave scores D t (u - t)%nat ltac:(lia)). replace (t + (u - t))%nat with u in X by lia.
  apply Rmult_le_reg_l with (IZR (Z.of_nat u)); [exact P|].
  replace (IZR (Z.of_nat u) * (IZR (Z.of_nat t) / IZR (Z.of_nat u) * sum (firstn u scores)))
    with (IZR (Z.of_nat t) * sum (firstn u scores)) by (field; lra). exact X.
Qed.
