(* dynamic_submodular/DS-P8: Any set bounds the optimum by its value and the best marginals on top. For every set
   A, the best value OPT of at most k elements is at most f(A) plus the largest sum of marginals f(v|A) over the
   elements v of a set O of at most k elements. Of every monotone submodular function, every set that proves a
   bound, every k and all elements that are there: the rule. *)
From Coq Require Import Reals NArith List Lra Lia Bool.
From Certificates Require Import Submodular.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition marginal (f : N -> R) (S e : N) : R := f (plus S e) - f S.

Definition sum (numbers : list R) : R := fold_right Rplus 0 numbers.

(* of the elements that are there, those are best that add at least a level to S: k of them, or all that add anything *)
Definition best_of (f : N -> R) (S : N) (k : nat) (level : R) (there best : list N) : Prop :=
  0 <= level /\ (length best = k \/ (length best <= k)%nat /\ level = 0) /\
  Forall (fun e => level <= marginal f S e) best /\ Forall (fun e => In e best \/ marginal f S e <= level) there.

Definition hypotheses (n : N) (f : N -> R) (k : nat) (there witness : list N) (level : R) (best : list N) (bound : R)
  (others : list N) : Prop :=
  monotone n f /\ submodular n f /\ elements n witness /\ elements n there /\
  best_of f (taken witness) k level there best /\ bound = f (taken witness) + sum (map (marginal f (taken witness)) best) /\
  NoDup others /\ Forall (fun e => In e there) others /\ (length others <= k)%nat.

Definition lhs (n : N) (f : N -> R) (k : nat) (there witness : list N) (level : R) (best : list N) (bound : R)
  (others : list N) : R := f (taken others) - f (taken witness).

Definition rhs (n : N) (f : N -> R) (k : nat) (there witness : list N) (level : R) (best : list N) (bound : R)
  (others : list N) : R := bound - f (taken witness).

Definition claim : Prop := forall n f k there witness level best bound others,
  hypotheses n f k there witness level best bound others ->
  lhs n f k there witness level best bound others <= rhs n f k there witness level best bound others.

(* --- proof --- *)

Ltac member := simpl; tauto.

Ltac chosen := first [reflexivity | lia | lra | member | left; reflexivity | right; split; [simpl; lia | lra] | left; member | right; lra].

Ltac listed := repeat match goal with |- _ /\ _ => split | |- Forall _ _ => constructor | |- NoDup _ => constructor end.

Ltac holds := unfold hypotheses, best_of; each_part;
  first [decided | solve [unfold marginal, sum; listed; simpl map; simpl fold_right; numbers; first [chosen | simpl; intuition discriminate]]].

Ltac impossible := numbers; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; numbers; field].

(* --- theorem --- *)

Lemma sum_split : forall (p : N -> R) a e b, sum (map p (a ++ e :: b)) = p e + sum (map p (a ++ b)).
Proof. intros p a e b. unfold sum. induction a as [|x a IH]; simpl; [reflexivity | rewrite IH; lra]. Qed.

Lemma sum_positive : forall (p : N -> R) best, Forall (fun e => 0 <= p e) best -> 0 <= sum (map p best).
Proof. intros p best F. unfold sum. induction F as [|e rest P F IH]; simpl; lra. Qed.

(* what is positive in the best alone sums to no more over distinct elements *)
Lemma sum_within : forall (p : N -> R) others best, NoDup others -> Forall (fun e => 0 <= p e) best ->
  Forall (fun e => In e best \/ p e <= 0) others -> sum (map p others) <= sum (map p best).
Proof.
  intros p others. induction others as [|e rest IH]; intros best D P F; [apply (sum_positive p best P)|].
  inversion D as [|? ? Fresh D']; inversion F as [|? ? Here F']; subst. unfold sum in *. simpl.
  destruct (in_dec N.eq_dec e best) as [I | I].
  - apply in_split in I. destruct I as [a [b ->]]. fold (sum (map p (a ++ e :: b))). rewrite sum_split.
    apply Forall_app in P. destruct P as [Pa Pb]. inversion Pb; subst.
    assert (X := IH (a ++ b) D' ltac:(apply Forall_app; now split)). unfold sum in *.
    assert (Y : fold_right Rplus 0 (map p rest) <= fold_right Rplus 0 (map p (a ++ b))); [|lra].
    apply X. rewrite Forall_forall in *. intros d Hd. destruct (F' d Hd) as [Q | Q]; [|now right].
    left. apply in_app_or in Q. apply in_or_app. destruct Q as [Q | [-> | Q]]; [now left | contradiction | now right].
  - destruct Here as [H | H]; [contradiction|]. assert (X := IH best D' P F'). lra.
Qed.

(* the union adds no more than all elements do one by one *)
Lemma one_by_one : forall n f, monotone n f -> submodular n f -> forall items S, (S < 2 ^ n)%N -> elements n items ->
  f (taken_from S items) - f S <= sum (map (marginal f S) items).
Proof.
  intros n f M Sub items. induction items as [|e rest IH]; intros S HS E; simpl; [unfold sum; simpl; lra|].
  inversion E; subst. rewrite taken_plus. assert (X := marginals_fall n f M Sub rest S e HS H2 H1).
  assert (Y := IH S HS H2). unfold sum, marginal in *. simpl. lra.
Qed.

Lemma shifted : forall f S level items, sum (map (fun e => marginal f S e - level) items) = sum (map (marginal f S) items) - INR (length items) * level.
Proof.
  intros f S level items. unfold sum. induction items as [|e rest IH]; simpl map; simpl fold_right; [simpl; lra|].
  rewrite IH. change (length (e :: rest)) with (Datatypes.S (length rest)). rewrite S_INR. lra.
Qed.

Theorem certified : claim.
Proof.
  intros n f k there witness level best bound others [M [Sub [W [T [[P [K [Up Down]]] [-> [D [I L]]]]]]]]. unfold lhs, rhs.
  set (S := taken witness) in *.
  assert (HS : (S < 2 ^ n)%N) by (apply taken_below; [apply empty_below | exact W]).
  assert (EO : elements n others).
  { unfold elements in *. rewrite Forall_forall in *. intros e He. apply T, I, He. }
  assert (X := taken_union n f M others S HS EO). assert (Y := one_by_one n f M Sub others S HS EO).
  assert (Z : sum (map (fun e => marginal f S e - level) others) <= sum (map (fun e => marginal f S e - level) best)).
  { apply sum_within; [exact D | |]; rewrite Forall_forall in *; intros e He.
    - assert (Q := Up e He). simpl in Q. lra.
    - destruct (Down e (I e He)) as [Q | Q]; [now left | right; lra]. }
  rewrite !shifted in Z.
  assert (V : INR (length others) * level <= INR (length best) * level).
  { destruct K as [-> | [_ ->]]; [apply Rmult_le_compat_r; [exact P | apply le_INR, L] | lra]. }
  lra.
Qed.
